import warnings

import pytest
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont
from matplotlib.ft2font import FT2Font

from mmbimodal.visualization import fonts, save_png

SCRIPT_H = 'ℋ'  # DejaVu Sans has it
CIRCLE = '⃝'  # DejaVu Sans lacks it, STIX comes with matplotlib too
CHINESE = '打架'


@pytest.fixture(autouse=True)
def forget():
    fonts._font_with.cache_clear()


def figure_of(text):
    figure = Figure(figsize=(3, 1))
    figure.suptitle(text)
    return figure


def families(figure):
    return figure._suptitle.get_fontfamily()


@pytest.mark.parametrize('text', ['hug', 'λ → 62 %', SCRIPT_H])
def test_texts_that_matplotlib_can_draw_keep_their_font(text):
    figure = figure_of(text)
    before = families(figure)
    fonts.use_legible_fonts(figure)
    assert families(figure) == before


def test_a_font_with_the_letters_is_found_and_used(tmp_path):
    figure = figure_of(f'hug {CIRCLE}')
    with warnings.catch_warnings():
        warnings.simplefilter('error')  # matplotlib warns of a letter without a font
        save_png(figure, tmp_path / 'a.png')
    font = findfont(FontProperties(family=[families(figure)[-1]]))
    assert ord(CIRCLE) in FT2Font(font).get_charmap()


def test_without_such_a_font_a_warning_says_what_to_install(monkeypatch):
    from matplotlib.font_manager import fontManager

    lacking = [f for f in fontManager.ttflist if 'DejaVu' in f.name or 'Last' in f.name]
    monkeypatch.setattr(fontManager, 'ttflist', lacking)
    with pytest.warns(UserWarning, match='打架.*fonts-noto-cjk') as caught:
        fonts.use_legible_fonts(figure_of(CHINESE))
        fonts.use_legible_fonts(figure_of(CHINESE))
    assert len(caught) == 1
