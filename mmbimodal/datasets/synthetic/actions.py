"""The twelve InfAR actions, in the order of their labels."""

import numpy as np

from . import actions_alone, actions_pair
from .pose import FPS, Pose

ACTIONS = (
    'fight',
    'handclapping',
    'handshake',
    'hug',
    'jog',
    'jump',
    'punch',
    'push',
    'skip',
    'walk',
    'wave1',
    'wave2',
)
PAIR_ACTIONS = ('fight', 'handshake', 'hug', 'punch', 'push')


def perform(
    action: str,
    frames: int,
    heights: list[float],
    tempo: float,
    rng: np.random.Generator,
) -> list[Pose]:
    """Generate the poses of one or two people; left and right are random.

    Args:
        heights (list[float]): Heights of the people in metres. Pair actions
            aim at heads and chests and need them.
        tempo (float): 1 is average, 1.1 is ten per cent faster.
    """
    time = np.arange(frames) / FPS * tempo
    if action in PAIR_ACTIONS:
        poses = getattr(actions_pair, action)(time, heights, rng)
    else:
        poses = getattr(actions_alone, action)(time, rng)
    if rng.random() < 0.5:
        poses = [pose.mirrored() for pose in poses]
    return poses
