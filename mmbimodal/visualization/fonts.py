"""Letters that matplotlib's own font lacks, such as Chinese ones."""

import warnings
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def use_legible_fonts(figure: 'Figure') -> None:
    """Give every text of a figure a font that has its letters.

    The fonts of the machine are searched only for letters that matplotlib's own
    font lacks. If none has them, a warning says what to install.

    Args:
        figure (matplotlib.figure.Figure): Figure; its texts are changed in place.
    """
    from matplotlib.text import Text

    for text in figure.findobj(Text):
        family = text.get_fontfamily()
        lacking = _lacking(text.get_text(), tuple(family))
        if lacking:
            font = _font_with(frozenset(lacking))
            if font is not None:
                # matplotlib takes each letter from the first font that has it.
                text.set_fontfamily([*family, font])


def font_file(text: str) -> str:
    """Path of a font that has the letters of a text, matplotlib's own if it does."""
    from matplotlib.font_manager import FontProperties, findfont

    lacking = _lacking(text, ('DejaVu Sans',))
    font = _font_with(frozenset(text) - {' '}) if lacking else None
    return findfont(FontProperties(family=[font or 'DejaVu Sans']))


def _lacking(text: str, family: tuple[str, ...]) -> set[str]:
    """Letters of a text that no font of the family has."""
    if text.isascii():
        return set()
    from matplotlib.font_manager import FontProperties, findfont

    paths = [findfont(FontProperties(family=[name])) for name in family]
    letters = {letter for letter in text if not letter.isspace()}
    return letters.difference(*map(_letters, paths))


@cache
def _font_with(letters: frozenset[str]) -> str | None:
    """Name of a font of the machine that has the letters, the regular cut first."""
    from matplotlib.font_manager import fontManager

    fonts = sorted(
        fontManager.ttflist,
        key=lambda f: (f.style != 'normal', f.weight != 400, f.name),
    )
    for font in fonts:
        # "Last Resort" has a box for every letter.
        if letters <= _letters(font.fname) and not font.name.startswith('Last Resort'):
            return font.name
    warnings.warn(
        f'no font here has the letters {_some(letters)}, which are drawn as boxes: '
        'install one, such as fonts-noto-cjk (apt) for Chinese, and remove '
        "matplotlib's font cache (~/.cache/matplotlib).",
        stacklevel=2,
    )
    return None


@cache
def _letters(path: str) -> frozenset[str]:
    from matplotlib.ft2font import FT2Font

    try:
        return frozenset(map(chr, FT2Font(path).get_charmap()))
    except (OSError, RuntimeError):  # a damaged font, or one that has gone
        return frozenset()


def _some(letters: Iterable[str]) -> str:
    return ''.join(sorted(letters)[:10])
