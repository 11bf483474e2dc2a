from typing import Any, Sequence

import numpy as np

# Beyond this many classes the cells are too small for numbers.
_MAX_NUMBERS = 25


def confusion_figure(counts: np.ndarray, classes: Sequence[str]) -> Any:
    """Confusion matrix, each row as shares of the true class.

    Args:
        counts (np.ndarray): K×K, rows are true classes, columns predicted.
        classes (Sequence[str]): K names.

    Returns:
        matplotlib.figure.Figure: For :func:`save_png`.
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import PercentFormatter
    size = len(classes)
    totals = counts.sum(axis=1, keepdims=True)
    shares = counts / np.maximum(totals, 1)

    side = 2.0 + max(0.42 * min(size, _MAX_NUMBERS), 0.17 * size)
    figure = Figure(figsize=(side + 1.4, side), layout='constrained')
    ax = figure.subplots()
    # cividis: even steps of lightness, in grey and to the colour-blind too
    image = ax.imshow(shares, cmap='cividis', vmin=0, vmax=1)
    figure.colorbar(
        image, ax=ax, pad=0.02, format=PercentFormatter(1),
        label='share of the true class')
    few = size <= _MAX_NUMBERS
    small = 9 if few else 6.5
    ax.set_xticks(
        range(size), classes, fontsize=small, rotation_mode='anchor',
        rotation=45 if few else 90, ha='right', va='top' if few else 'center')
    ax.set_yticks(range(size), [
        f'{name} ({total})' for name, total in zip(classes, totals[:, 0])
    ], fontsize=small)
    ax.set_xlabel('predicted', fontsize=11)
    ax.set_ylabel('true (number of samples)', fontsize=11)
    if few:
        for row, column in np.argwhere(counts):
            share = shares[row, column]
            ax.text(
                column, row, counts[row, column], ha='center', va='center',
                fontsize=9, color='black' if share > 0.5 else 'white')
    correct, total = int(np.trace(counts)), int(counts.sum())
    ax.set_title(f'{correct} of {total} right: top-1 '
                 f'{correct / max(total, 1):.1%}', fontsize=12)
    return figure
