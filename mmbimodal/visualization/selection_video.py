import tempfile
from collections.abc import Iterator
from os import PathLike
from pathlib import Path

import cv2
import numpy as np
from mmengine import fileio

from mmbimodal.errors import InputError
from mmbimodal.structures import Selection

from .fonts import use_legible_fonts
from .selection_figure import add_legend, draw_frame, title

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
        InputError: OpenCV cannot encode MP4 here.
    """
    with tempfile.TemporaryDirectory() as folder:
        # MPEG-4 part 2, which every OpenCV encodes and FFmpeg decodes
        part = Path(folder) / 'video.mp4'
        writer = None
        for image in _images(selection):
            if writer is None:
                writer = cv2.VideoWriter(
                    str(part), cv2.VideoWriter_fourcc(*'mp4v'), _FPS, image.shape[1::-1]
                )
                if not writer.isOpened():
                    raise InputError(
                        f'{path} cannot be written, since this OpenCV has no '
                        'MP4 encoder: pip install opencv-contrib-python'
                    )
            for _ in range(_REPEATS):
                writer.write(image)
        writer.release()
        fileio.put(part.read_bytes(), path)


def _images(selection: Selection) -> Iterator[np.ndarray]:
    """A picture for each sampled time, H×W×3 in BGR, even sides."""
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
        yield cv2.cvtColor(np.asarray(canvas.buffer_rgba()), cv2.COLOR_RGBA2BGR)
