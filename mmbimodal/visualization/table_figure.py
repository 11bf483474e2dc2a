from typing import TYPE_CHECKING

import numpy as np

from .palette import BLUE, VERMILION

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def table_figure(
    rows: dict[str, list[float]],
    title: str,
    unit: str,
    chance: float,
    axis: str | None = None,
) -> 'Figure':
    """Mean and deviation of each row, with the single values as dots.

    Args:
        rows (dict[str, list[float]]): Row → values of its seeds; rows
            without a value are left out.
        title (str): Title of the picture.
        unit (str): What the values are.
        chance (float): Value of guessing.
        axis (str, optional): Quantity that the rows' names are numbers of:
            a curve over it instead of bars.

    Returns:
        matplotlib.figure.Figure: For :func:`save_png`.
    """
    from matplotlib.figure import Figure

    rows = {name: values for name, values in rows.items() if values}
    means = [float(np.mean(values)) for values in rows.values()]
    spread = [
        float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
        for values in rows.values()
    ]
    height = 4.0 if axis else 1.6 + 0.34 * len(rows)
    figure = Figure(figsize=(7.4, height), layout='constrained')
    plot = figure.add_subplot()
    if axis:
        _draw_curve(plot, rows, means, spread, chance)
        plot.set_xlabel(axis)
        plot.set_ylabel(unit)
    else:
        _draw_bars(plot, rows, means, spread, chance)
        plot.set_xlabel(unit)
    plot.spines[['top', 'right']].set_visible(False)
    figure.suptitle(title, fontsize=10, x=0.01, ha='left')
    handles, labels = plot.get_legend_handles_labels()
    named = dict(zip(labels, handles))
    figure.legend(
        named.values(),
        named,
        loc='outside lower center',
        ncols=len(named),
        frameon=False,
        fontsize=8.5,
    )
    return figure


def _draw_bars(
    plot: 'Axes',
    rows: dict[str, list[float]],
    means: list[float],
    spread: list[float],
    chance: float,
) -> None:
    """One bar per row, the first one above."""
    places = np.arange(len(rows))
    plot.barh(places, means, color=BLUE, alpha=0.35, label='mean over the seeds')
    several = any(len(values) > 1 for values in rows.values())
    if several:
        plot.errorbar(
            means,
            places,
            xerr=spread,
            fmt='none',
            ecolor='black',
            capsize=3,
            label='± standard deviation',
        )
    for place, value, error, values in zip(places, means, spread, rows.values()):
        plot.plot(values, [place] * len(values), '.', color=VERMILION, label='one seed')
        # right of the whisker, and of a dot beyond it
        plot.annotate(
            f'{value:.1f}',
            (max(value + error, *values), place),
            (6, 0),
            textcoords='offset points',
            va='center',
        )
    plot.axvline(chance, color='black', linestyle=':', label=f'chance, {chance:.1f}')
    plot.set_yticks(places, list(rows))
    plot.invert_yaxis()
    plot.margins(x=0.12)
    plot.set_xlim(left=0)


def _draw_curve(
    plot: 'Axes',
    rows: dict[str, list[float]],
    means: list[float],
    spread: list[float],
    chance: float,
) -> None:
    """The rows' values over the numbers that their names are."""
    places = [float(name) for name in rows]
    several = any(len(values) > 1 for values in rows.values())
    plot.errorbar(
        places,
        means,
        spread if several else None,
        color=BLUE,
        capsize=3,
        label='mean ± standard deviation over the seeds' if several else None,
    )
    for place, values in zip(places, rows.values()):
        plot.plot([place] * len(values), values, 'o', color=VERMILION, label='one seed')
    plot.axhline(chance, color='black', linestyle=':', label=f'chance, {chance:.1f}')
    plot.set_xticks(places)
    plot.grid(axis='y', alpha=0.3)
    # The axis starts at zero: a cut one makes noise look like a trend.
    plot.set_ylim(bottom=0)
    plot.margins(y=0.1)
