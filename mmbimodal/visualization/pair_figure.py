from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from .draw_joints import Joints, draw_joints
from .palette import VERMILION

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def pair_figure(
    title: str,
    frames: Mapping[str, Sequence[np.ndarray]],
    visible: Mapping[str, Sequence[bool]] | None = None,
    joints: Mapping[str, Joints] | None = None,
) -> 'Figure':
    """Film strips of one sample, a row per modality.

    Args:
        title (str): Above the strips.
        frames (Mapping[str, Sequence[np.ndarray]]): Modality → T pictures
            H×W×3, RGB, of the same moments in all modalities.
        visible (Mapping[str, Sequence[bool]], optional): Modality → T flags;
            frames that do not show the actor get a frame of their own.
        joints (Mapping[str, Joints], optional): Modality → skeletons to draw over
            its pictures.

    Returns:
        matplotlib.figure.Figure: For :func:`save_png`.
    """
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    columns = max(map(len, frames.values()))
    figure = Figure(
        figsize=(1.1 * columns + 0.3, 1.15 * len(frames) + 0.4),
        layout=ConstrainedLayoutEngine(w_pad=0.02, h_pad=0.02, wspace=0, hspace=0),
    )
    grid = figure.subplots(len(frames), columns, squeeze=False)
    for line, (name, strip) in zip(grid, frames.items(), strict=True):
        line[0].set_ylabel(name, fontweight='bold')
        shown = visible[name] if visible else [True] * len(strip)
        for t, (ax, picture, seen) in enumerate(zip(line, strip, shown, strict=True)):
            ax.imshow(picture)
            if joints and name in joints:
                draw_joints(ax, joints[name], t)
            ax.set(xticks=[], yticks=[])
            ax.spines[:].set(visible=not seen, color=VERMILION, linewidth=3)
    figure.suptitle(title, fontsize=10)
    return figure
