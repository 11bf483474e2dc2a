from typing import Any

import numpy as np

from .palette import BLUE, VERMILION


def table_figure(
    rows: dict[str, list[float]], title: str, unit: str, axis: str | None = None
) -> Any:
    """Mean and deviation of each row, with the single values as dots.

    Args:
        rows (dict[str, list[float]]): Row → values of its seeds; rows
            without a value are left out.
        title (str): Title of the picture.
        unit (str): What the values are.
        axis (str, optional): Quantity that the rows' names are numbers of:
            a curve over it instead of bars.

    Returns:
        matplotlib.figure.Figure: For :func:`save_png`.
    """
    from matplotlib.figure import Figure

    rows = {name: values for name, values in rows.items() if values}
    means = [np.mean(values) for values in rows.values()]
    spread = [
        np.std(values, ddof=1) if len(values) > 1 else 0 for values in rows.values()
    ]
    height = 3.4 if axis else 1.2 + 0.34 * len(rows)
    figure = Figure(figsize=(7, height), layout='constrained')
    plot = figure.add_subplot()
    if axis:
        places = [float(name) for name in rows]
        plot.errorbar(places, means, spread, color=BLUE, marker='o', capsize=3)
        for place, values in zip(places, rows.values()):
            plot.plot([place] * len(values), values, '.', color=VERMILION)
        plot.set_xticks(places)
        plot.set_xlabel(axis)
        plot.set_ylabel(unit)
        plot.grid(axis='y', alpha=0.3)
    else:
        places = np.arange(len(rows))
        plot.barh(places, means, xerr=spread, color=BLUE, alpha=0.35, capsize=3)
        for place, values in zip(places, rows.values()):
            plot.plot(values, [place] * len(values), '.', color=VERMILION)
        for place, value, error, values in zip(places, means, spread, rows.values()):
            # right of the whisker, and of a dot beyond it
            edge = max(value + error, *values)
            plot.annotate(
                f'{value:.1f}',
                (edge, place),
                (6, 0),
                textcoords='offset points',
                va='center',
            )
        plot.set_yticks(places, list(rows))
        plot.invert_yaxis()
        plot.margins(x=0.12)
        plot.set_xlim(left=0)
        plot.set_xlabel(unit)
    for side in ('top', 'right'):
        plot.spines[side].set_visible(False)
    plot.set_title(title, loc='left', fontsize=10)
    return figure
