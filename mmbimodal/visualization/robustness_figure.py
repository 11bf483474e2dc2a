from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from mmbimodal.structures import Condition

from .palette import marker_styles

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Where a missing modality stands, beyond 100 % of its frames.
_ABSENT = 1.2


def robustness_figure(
    accuracies: Mapping[str, np.ndarray],
    conditions: Sequence[Condition],
    modalities: Sequence[str],
    chance: float,
) -> 'Figure':
    """Accuracy over the share of black frames, one panel per modality.

    At the right end of a panel its modality is missing altogether. Points
    are means over seeds, bars their standard deviation.

    Args:
        accuracies (Mapping[str, np.ndarray]): Method → seeds×conditions, in
            [0, 1]; NaN where it cannot run.
        conditions (Sequence[Condition]): Of :func:`mmbimodal.apis.
            all_conditions`.
        modalities (Sequence[str]): One panel for each.
        chance (float): Accuracy of guessing.

    Returns:
        matplotlib.figure.Figure: For :func:`save_png`.
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import PercentFormatter

    figure = Figure(figsize=(4.4 * len(modalities) + 2.2, 5.4), layout='constrained')
    axes = figure.subplots(1, len(modalities), sharey=True, squeeze=False)[0]
    for ax, modality in zip(axes, modalities):
        ax.axhline(chance, color='0.5', linestyle=':', label='chance')
        _draw_curves(ax, accuracies, conditions, modality)
        shares = sorted({0.0, *(x.share for x in conditions)})
        ax.set_xticks([*shares, _ABSENT], [*(f'{x:.0%}' for x in shares), 'missing'])
        ax.set_xlabel(f'black frames of {modality}', fontsize=11)
        ax.grid(alpha=0.3)
    axes[0].set_ylabel('top-1', fontsize=11)
    axes[0].set_ylim(bottom=0)
    axes[0].yaxis.set_major_formatter(PercentFormatter(1))
    handles, labels = axes[0].get_legend_handles_labels()
    # Chance was drawn first and is the last to be named.
    figure.legend(
        [*handles[1:], handles[0]],
        [*labels[1:], labels[0]],
        loc='outside right center',
        frameon=False,
        fontsize=10,
    )
    return figure


def _draw_curves(
    ax: 'Axes',
    accuracies: Mapping[str, np.ndarray],
    conditions: Sequence[Condition],
    modality: str,
) -> None:
    """One line per method; a dotted step leads to the missing modality."""
    columns = {
        x.share: i
        for i, x in enumerate(conditions)
        if x.blanked == modality or not (x.absent or x.blanked)
    }
    missing = [i for i, x in enumerate(conditions) if x.absent == {modality}]
    shares = sorted(columns)
    dodge = np.linspace(-0.012, 0.012, max(len(accuracies), 2))
    for (name, values), style, shift in zip(
        accuracies.items(), marker_styles(len(accuracies)), dodge
    ):
        # The shift keeps bars of equal accuracy apart.
        x = np.add([*shares, *[_ABSENT] * len(missing)], shift)
        columns_here = [*(columns[share] for share in shares), *missing]
        mean = values[:, columns_here].mean(axis=0)
        deviation = (
            values[:, columns_here].std(axis=0, ddof=1)
            if len(values) > 1
            else np.zeros_like(mean)
        )
        split = len(shares)
        ax.errorbar(
            x[:split],
            mean[:split],
            deviation[:split],
            label=name,
            linewidth=1.4,
            markersize=6,
            elinewidth=0.8,
            **style,
        )
        ax.errorbar(
            x[split:],
            mean[split:],
            deviation[split:],
            fmt='none',
            elinewidth=0.8,
            ecolor=style['color'],
        )
        ax.plot(
            x[split - 1 :],
            mean[split - 1 :],
            linestyle=':',
            linewidth=1,
            markersize=6,
            **style,
        )
