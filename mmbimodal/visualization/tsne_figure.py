from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from mmbimodal.errors import InputError
from mmbimodal.structures import Features

from .palette import marker_styles

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Fewer points have no neighbourhoods to be shown.
_MIN_SAMPLES = 5


def tsne_figure(features: Features) -> 'Figure':
    """Each feature space in two dimensions, by t-SNE.

    Distances between far points mean nothing in such a picture; therefore
    each panel says how often a sample's nearest neighbour, in all dimensions
    of the features, is of its class.

    Args:
        features (Features): Of :func:`mmbimodal.apis.extract_features`.

    Returns:
        matplotlib.figure.Figure: For :func:`save_png`.

    Raises:
        InputError: A space has fewer than five samples.
    """
    from matplotlib.figure import Figure

    width = 4.2 * len(features.spaces)
    # Inches of a name in the legend.
    longest = 0.5 + 0.09 * max(map(len, features.classes))
    columns = max(1, min(6, int(width / longest)))
    lines = -(-len(features.classes) // columns)
    figure = Figure(figsize=(width, 4.5 + 0.22 * lines), layout='constrained')
    axes = figure.subplots(1, len(features.spaces), squeeze=False)[0]
    for ax, (name, x) in zip(axes, features.spaces.items()):
        there = ~np.isnan(x).any(axis=1)
        if there.sum() < _MIN_SAMPLES:
            raise InputError(
                f'{there.sum()} samples of the {name} are too few for t-SNE: '
                f'give a test set with {_MIN_SAMPLES} or more'
            )
        _draw_space(ax, name, x[there], features.labels[there], features.classes)
    figure.legend(
        *axes[0].get_legend_handles_labels(),
        loc='outside lower center',
        ncols=columns,
        frameon=False,
        fontsize=10,
        handletextpad=0.2,
        columnspacing=1.4,
    )
    return figure


def _draw_space(
    ax: 'Axes', name: str, x: np.ndarray, labels: np.ndarray, classes: Sequence[str]
) -> None:
    """One panel: N×C features as points."""
    from sklearn.manifold import TSNE
    from sklearn.neighbors import NearestNeighbors

    points = TSNE(
        perplexity=min(30, (len(x) - 1) / 3), init='pca', random_state=0
    ).fit_transform(x)
    neighbour = (
        NearestNeighbors(n_neighbors=1).fit(x).kneighbors(return_distance=False)[:, 0]
    )
    same = (labels[neighbour] == labels).mean()
    for k, style in enumerate(marker_styles(len(classes))):
        place_x, place_y = points[labels == k].T
        ax.scatter(
            place_x,
            place_y,
            s=44,
            linewidths=0.4,
            edgecolors='white',
            label=classes[k],
            **style,
        )
    ax.set(xticks=[], yticks=[])
    ax.margins(0.05)
    ax.set_title(
        f'{name}\nnearest neighbour of the same class: {same:.0%}', fontsize=11
    )
