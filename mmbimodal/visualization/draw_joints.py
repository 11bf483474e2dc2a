from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .palette import BLUE, ORANGE, PURPLE, SKY

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# They stand out from pictures in grey and in colour, and from each other.
_PERSONS = (ORANGE, SKY, PURPLE, BLUE)


class Joints(NamedTuple):
    """Joints in the pictures of one modality.

    Args:
        places (np.ndarray): Pixels x, y of these pictures, M×T×V×2.
        scores (np.ndarray): M×T×V; 1 is seen, less is lost and guessed, 0 is not
            there.
        edges (Sequence[tuple[int, int]]): Pairs of joints that a bone connects.
    """

    places: np.ndarray
    scores: np.ndarray
    edges: Sequence[tuple[int, int]]


def draw_joints(ax: 'Axes', joints: Joints, frame: int) -> None:
    """Draw the bodies of one frame over its picture.

    Each person has a colour. A joint is a disc, a lost one is hollow; a bone to a lost
    joint is dotted.

    Args:
        ax (matplotlib.axes.Axes): It shows the picture; its limits stay.
        joints (Joints): Of all frames.
        frame (int): Which of the T frames.
    """
    limits = ax.get_xlim(), ax.get_ylim()
    for person, (places, scores) in enumerate(
        zip(joints.places[:, frame], joints.scores[:, frame])  # V×2, V
    ):
        color = _PERSONS[person % len(_PERSONS)]
        for edge in joints.edges:
            ends = list(edge)
            if (scores[ends] > 0).all():
                style = '-' if (scores[ends] >= 1).all() else ':'
                ax.plot(*places[ends].T, style, color=color, linewidth=0.9)
        for x, y in places[scores >= 1]:
            ax.plot(x, y, 'o', color=color, markersize=1.8, markeredgewidth=0)
        for x, y in places[(scores > 0) & (scores < 1)]:
            ax.plot(
                *(x, y, 'o'),
                markerfacecolor='white',
                markeredgecolor=color,
                markersize=2.4,
                markeredgewidth=0.6,
            )
    ax.set(xlim=limits[0], ylim=limits[1])
