from collections.abc import Iterator
from os import PathLike

import numpy as np

from mmbimodal.structures import Selection

from .fonts import use_legible_fonts
from .selection_figure import add_legend, draw_frame, title
from .video_file import VideoFile

_FPS = 8
# Half a second for each sampled frame, which is long enough to be read.
_REPEATS = 4


def save_selection_video(selection: Selection, path: str | PathLike) -> None:
    """The film strips of a sample as MP4, played in time.

    The modalities stand side by side, each sampled frame for half a second,
    drawn as in :func:`.selection_figure`. The file appears complete or not at
    all.

    Args:
        selection (Selection): Of :func:`mmbimodal.apis.inspect_selection`.
        path (str | Path): Where to. Missing folders are made.

    Raises:
        InputError: PyAV has no encoder of H.264 here.
    """
    with VideoFile(path, _FPS) as video:
        for image in _images(selection):
            for _ in range(_REPEATS):
                video.write(image)


def _images(selection: Selection) -> Iterator[np.ndarray]:
    """A picture for each sampled time, H×W×3 in RGB, even sides."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    parts = selection.modalities
    figure = Figure(
        figsize=(4.2 * max(len(parts), 2), 6), dpi=100, layout='constrained'
    )
    canvas = FigureCanvasAgg(figure)
    axes = figure.subplots(1, len(parts), squeeze=False)[0]
    figure.suptitle(title(selection).replace('    ', '\n', 1), fontsize=12)
    add_legend(figure, selection, columns=2)
    steps = max(len(x.frames) for x in parts.values())
    for step in range(steps):
        for ax, (name, part) in zip(axes, parts.items()):
            ax.clear()
            # Modalities may differ in their number of frames.
            t = step * len(part.frames) // steps
            draw_frame(ax, part, t)
            ax.set_title(f'{name}, frame {part.frame_inds[t]}', fontsize=12)
            ax.xaxis.label.set_size(12)
        use_legible_fonts(figure)
        canvas.draw()
        # Later pictures keep the layout of the first one.
        figure.set_layout_engine('none')
        yield np.ascontiguousarray(np.asarray(canvas.buffer_rgba())[..., :3])
