from typing import TYPE_CHECKING

import numpy as np

from mmbimodal.structures import Timeline

from .palette import marker_styles

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Rows that are still legible.
_MAX_CLASSES = 14


def timeline_figure(timeline: Timeline) -> 'Figure':
    """Classes over time: segments as bars, smoothed scores as shades.

    Args:
        timeline (Timeline): Of :meth:`mmbimodal.apis.MMBimodalInferencer.timeline`.
            Of more than 14 classes, those with the highest scores are drawn.

    Returns:
        matplotlib.figure.Figure: For :func:`save_png`.
    """
    from matplotlib.figure import Figure

    smoothed, edges = timeline.smoothed, timeline.edges  # M×K, M + 1
    peaks = smoothed.max(axis=0)
    drawn = np.sort(np.argsort(-peaks, kind='stable')[:_MAX_CLASSES])
    rows = {int(label): row for row, label in enumerate(drawn)}
    figure = Figure(figsize=(11, 1.8 + 0.32 * len(drawn)), layout='constrained')
    ax = figure.subplots()
    mesh = ax.pcolormesh(
        edges,
        np.arange(len(drawn) + 1) - 0.5,
        smoothed[:, drawn].T,  # M×K -> K×M
        cmap='Greys',
        vmin=0,
        vmax=1.4,  # bars stay visible on the darkest shade
    )
    styles = marker_styles(len(timeline.classes))
    for segment in timeline.segments:
        if segment.label in rows:
            ax.barh(
                rows[segment.label],
                segment.end - segment.start,
                left=segment.start,
                height=0.34,
                color=styles[segment.label]['color'],
            )
    ax.set_yticks(range(len(drawn)), [timeline.classes[k] for k in drawn])
    ax.set_ylim(len(drawn) - 0.5, -0.5)
    ax.set_xlim(*timeline.span)
    ax.set_xlabel('seconds')
    ax.set_title(
        f'{timeline.sample_id}    window {timeline.window:g} s, '
        f'stride {timeline.stride:g} s',
        fontsize=10,
    )
    bar = figure.colorbar(mesh, ax=ax, label='smoothed score', pad=0.01)
    bar.ax.set_ylim(0, 1)
    return figure
