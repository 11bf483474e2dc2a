import io
from os import PathLike
from typing import TYPE_CHECKING

from mmengine import fileio

from .fonts import use_legible_fonts

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MAX_BYTES = 300_000


def save_png(figure: 'Figure', path: str | PathLike) -> None:
    """Write a figure as PNG of less than 300 kB, completely or not at all.

    256 colours, chosen for the picture; where that is not enough, a lower
    resolution.

    Args:
        figure (matplotlib.figure.Figure): Figure.
        path (str | Path): Where to. Missing folders are made.
    """
    from PIL import Image

    use_legible_fonts(figure)
    for dpi in (200, 160, 130, 110, 90, 75, 60):
        picture, png = io.BytesIO(), io.BytesIO()
        figure.savefig(picture, format='png', dpi=dpi)
        Image.open(picture).convert('RGB').quantize(256).save(
            png, format='png', optimize=True
        )
        if len(png.getvalue()) < MAX_BYTES:
            break
    # The package's local backend renames a finished file.
    fileio.put(png.getvalue(), path)
