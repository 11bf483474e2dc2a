from collections.abc import Sequence
from textwrap import fill
from typing import TYPE_CHECKING

import numpy as np

from .palette import BLUE, VERMILION

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Beyond this many classes the cells are too small for numbers.
_MAX_NUMBERS = 25
# The side of the zero line says the same in print.
_BETTER, _WORSE = BLUE, VERMILION


def confusion_figure(counts: np.ndarray, classes: Sequence[str]) -> 'Figure':
    """Confusion matrix, each row as shares of the true class.

    Args:
        counts (np.ndarray): K×K, rows are true classes, columns predicted.
        classes (Sequence[str]): K names.

    Returns:
        matplotlib.figure.Figure: For :func:`save_png`.
    """
    from matplotlib.figure import Figure

    side = _side(classes)
    figure = Figure(figsize=(side + 1.4, side), layout='constrained')
    ax = figure.subplots()
    _draw_matrix(ax, counts, classes)
    _add_colorbar(figure, ax)
    _name_rows(ax, counts, classes)
    ax.set_title(_accuracy(counts), fontsize=12)
    return figure


def confusion_pair_figure(
    first: np.ndarray, second: np.ndarray, classes: Sequence[str], names: Sequence[str]
) -> 'Figure':
    """Two confusion matrices and what the second gains in each class.

    As in the paper's Fig. 5, with the difference of the diagonals beside it,
    class by class in the rows of the matrices.

    Args:
        first (np.ndarray): K×K, rows are true classes, columns predicted.
        second (np.ndarray): The same of the other model.
        classes (Sequence[str]): K names.
        names (Sequence[str]): Of the two models.

    Returns:
        matplotlib.figure.Figure: For :func:`save_png`.
    """
    from matplotlib.figure import Figure

    # Two matrices in a row, so that a page of 800 pixels shows their numbers.
    side = max(0.62 * _side(classes), 4.4)
    width = 2.05 * side + 0.09 * max(map(len, classes))
    bars = 1.2 + 0.26 * len(classes) * (1 if len(classes) <= _MAX_NUMBERS else 0.6)
    figure = Figure(figsize=(width, side + 0.6 + bars), layout='constrained')
    axes = figure.subplot_mosaic(
        [['first', 'second'], ['difference', 'difference']],
        height_ratios=(side + 0.6, bars),
    )
    for key, counts, name in zip(axes, (first, second), names):
        _draw_matrix(axes[key], counts, classes)
        axes[key].set_title(f'{fill(name, 36)}\n{_accuracy(counts)}', fontsize=11)
    _name_rows(axes['first'], first, classes)
    axes['second'].set_yticks([])
    if len(classes) > _MAX_NUMBERS:
        _add_colorbar(figure, axes['second'])
    _draw_difference(axes['difference'], first, second, classes, names)
    return figure


def _side(classes: Sequence[str]) -> float:
    """Inches that a matrix with its labels takes."""
    size = len(classes)
    return 2.0 + max(0.42 * min(size, _MAX_NUMBERS), 0.17 * size)


def _small(classes: Sequence[str]) -> float:
    """Size of the classes' names."""
    return 9 if len(classes) <= _MAX_NUMBERS else 6.5


def _draw_matrix(ax: 'Axes', counts: np.ndarray, classes: Sequence[str]) -> None:
    """Shares as colours, counts as numbers."""
    size = len(classes)
    few = size <= _MAX_NUMBERS
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    # cividis: even steps of lightness, in grey and to the colour-blind too
    ax.imshow(shares, cmap='cividis', vmin=0, vmax=1)
    ax.set_xticks(
        range(size),
        classes,
        fontsize=_small(classes),
        rotation_mode='anchor',
        rotation=45 if few else 90,
        ha='right',
        va='top' if few else 'center',
    )
    ax.set_xlabel('predicted', fontsize=11)
    if few:
        for row, column in np.argwhere(counts):
            share = shares[row, column]
            ax.text(
                column,
                row,
                counts[row, column],
                ha='center',
                va='center',
                fontsize=9,
                color='black' if share > 0.5 else 'white',
            )


def _name_rows(ax: 'Axes', counts: np.ndarray, classes: Sequence[str]) -> None:
    totals = counts.sum(axis=1)
    ax.set_yticks(
        range(len(classes)),
        [f'{name} ({total})' for name, total in zip(classes, totals)],
        fontsize=_small(classes),
    )
    ax.set_ylabel('true (number of samples)', fontsize=11)


def _add_colorbar(figure: 'Figure', ax: 'Axes') -> None:
    from matplotlib.ticker import PercentFormatter

    figure.colorbar(
        ax.images[0],
        ax=ax,
        pad=0.02,
        format=PercentFormatter(1),
        label='share of the true class',
    )


def _draw_difference(
    ax: 'Axes',
    first: np.ndarray,
    second: np.ndarray,
    classes: Sequence[str],
    names: Sequence[str],
) -> None:
    """Bars: accuracy of each class, second minus first, in points."""
    from matplotlib.ticker import MaxNLocator

    points = (
        100 * (second.diagonal() - first.diagonal()) / np.maximum(first.sum(axis=1), 1)
    )
    rows = np.arange(len(points))
    ax.barh(rows, points, height=0.7, color=np.where(points < 0, _WORSE, _BETTER))
    ax.axvline(0, color='black', linewidth=0.8)
    for row, value in zip(rows, points):
        ax.annotate(
            f'{value:+.0f}' if value else '0',
            (value, row),
            (-3 if value < 0 else 3, 0),
            textcoords='offset points',
            va='center',
            ha='right' if value < 0 else 'left',
            fontsize=_small(classes),
        )
    ax.set_yticks(rows, classes, fontsize=_small(classes))
    ax.set_ylim(len(rows) - 0.5, -0.5)  # the matrices' order
    ax.margins(x=0.08)
    ax.xaxis.set_major_locator(MaxNLocator(5, steps=(1, 2, 5, 10)))
    ax.grid(axis='x', alpha=0.3)
    ax.set_axisbelow(True)
    ax.set_xlabel('percentage points', fontsize=11)
    ax.set_title(f'accuracy per class: {names[1]} − {names[0]}', fontsize=11)


def _accuracy(counts: np.ndarray) -> str:
    correct, total = int(np.trace(counts)), int(counts.sum())
    return f'{correct} of {total} right: top-1 {correct / max(total, 1):.1%}'
