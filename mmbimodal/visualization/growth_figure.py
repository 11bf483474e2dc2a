from typing import TYPE_CHECKING

from .palette import BLUE, VERMILION

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Solid and dashed in print.
_STYLES = dict(
    a=dict(color=BLUE, linestyle='--', marker='s'),
    d=dict(color=VERMILION, linestyle='-', marker='o'),
)


def growth_figure(growth: dict[str, list[dict]], names: dict[str, str]) -> 'Figure':
    """What a sample costs as it grows: FLOPs above, time below.

    Args:
        growth (dict[str, list[dict]]): For each quantity its points, with
            ``value`` and, for each model, ``flops`` (multiply-adds) and
            ``seconds``.
        names (dict[str, str]): Names of the models ``a`` and ``d``.

    Returns:
        matplotlib.figure.Figure: For :func:`save_png`.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(3 * len(growth), 5.4), layout='constrained')
    rows = figure.subplots(2, len(growth), sharex='col', squeeze=False)
    for axes, (key, unit, label) in zip(
        rows, (('flops', 1e9, 'GFLOPs'), ('seconds', 1.0, 'seconds'))
    ):
        for ax, (quantity, points) in zip(axes, growth.items()):
            for model, style in _STYLES.items():
                known = [x for x in points if model in x[key]]
                ax.plot(
                    [x['value'] for x in known],
                    [x[key][model] / unit for x in known],
                    label=names[model],
                    markersize=5,
                    **style,
                )
            ax.set_ylim(0, 1.05 * ax.dataLim.ymax)
            ax.set_xticks([x['value'] for x in points])
            ax.grid(alpha=0.3)
            if key == 'seconds':
                ax.set_xlabel(quantity)
        axes[0].set_ylabel(label)
    figure.legend(
        *rows[0, 0].get_legend_handles_labels(),
        fontsize=9,
        ncols=2,
        loc='outside upper center',
    )
    return figure
