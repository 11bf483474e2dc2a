from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from .palette import marker_styles

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def strata_figure(
    accuracies: Mapping[str, Sequence[float]],
    intervals: Mapping[str, Sequence[tuple[float, float] | None]],
    strata: Sequence[str],
    chance: float,
) -> 'Figure':
    """Accuracy of each method on each part of a test set.

    Args:
        accuracies (Mapping[str, Sequence[float]]): Method → accuracy on each
            stratum, in [0, 1].
        intervals (Mapping[str, Sequence[tuple | None]]): Method → confidence
            interval on each stratum, where it is known.
        strata (Sequence[str]): Names of the strata.
        chance (float): Accuracy of guessing.

    Returns:
        matplotlib.figure.Figure: For :func:`save_png`.
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import PercentFormatter

    height = 1.3 + len(strata) * (0.28 + 0.1 * len(accuracies))
    figure = Figure(figsize=(8, height), layout='constrained')
    plot = figure.add_subplot()
    # One line of a stratum for each method.
    offsets = np.linspace(-0.3, 0.3, len(accuracies)) if len(accuracies) > 1 else [0.0]
    known = False
    for (name, values), style, offset in zip(
        accuracies.items(), marker_styles(len(accuracies)), offsets
    ):
        ends = [
            x or (value, value) for x, value in zip(intervals[name], np.asarray(values))
        ]
        known |= any(x is not None for x in intervals[name])
        plot.errorbar(
            values,
            np.arange(len(strata)) + offset,
            xerr=np.abs(np.transpose(ends) - np.asarray(values)),
            label=name,
            linestyle='none',
            capsize=2,
            elinewidth=1,
            **style,
        )
    plot.axvline(chance, color='0.3', linestyle=':', label=f'chance, {chance:.1%}')
    plot.set_yticks(range(len(strata)), strata)
    plot.invert_yaxis()
    plot.set_xlim(left=0)
    plot.xaxis.set_major_formatter(PercentFormatter(1))
    whiskers = '95 % confidence intervals over seeds and pairs' if known else ''
    plot.set_xlabel('top-1, ' + (whiskers or 'one seed, no confidence intervals'))
    plot.grid(axis='x', alpha=0.3)
    plot.spines[['top', 'right']].set_visible(False)
    figure.legend(loc='outside upper center', ncols=4, frameon=False, fontsize=9)
    return figure
