import tempfile
from collections.abc import Iterable, Iterator
from os import PathLike
from pathlib import Path

import av
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
        InputError: PyAV has no encoder of H.264 here.
    """
    with tempfile.TemporaryDirectory() as folder:
        part = Path(folder) / 'video.mp4'
        try:
            _encode(_images(selection), part)
        except av.codec.codec.UnknownCodecError as error:
            raise InputError(
                f'{path} cannot be written, since PyAV was built without an '
                'encoder of H.264: pip install av'
            ) from error
        fileio.put(part.read_bytes(), path)


def _encode(images: Iterable[np.ndarray], path: Path) -> None:
    """Write pictures, each H×W×3 in RGB, as H.264, which browsers play."""
    # The index comes first: a player starts before it has the whole file.
    with av.open(str(path), 'w', options=dict(movflags='faststart')) as container:
        stream = container.add_stream('libx264', _FPS, options=dict(crf='18'))
        stream.pix_fmt = 'yuv420p'
        for image in images:
            if not stream.codec_context.is_open:
                stream.height, stream.width = image.shape[:2]
            for _ in range(_REPEATS):
                frame = av.VideoFrame.from_ndarray(image, 'rgb24')
                container.mux(stream.encode(frame))
        container.mux(stream.encode())


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
