"""Handicaps that make a clip hard, drawn for each modality independently.

The world that the draws stand for: a board of thin plastic hides a body from
the eye and lets its heat through, a pane of glass does the opposite; light
goes out, or the air becomes as warm as the body.
"""

from dataclasses import dataclass

import numpy as np

from .ntu import THERMAL, VISIBLE
from .pose import smooth

KINDS = ('occluder', 'fading', 'passer_by', 'noise', 'warm_background')
# 'fading' is the loss of contrast, which has another cause in each modality.
FADING_NAMES = {VISIBLE: 'darkness', THERMAL: 'crossover'}


@dataclass(frozen=True)
class Difficulty:
    """Probabilities per clip and modality, and the strength of each handicap.

    With ``distractor`` someone else acts where the actor is hidden, and the
    test set has people and places of its own.
    """

    occluder: float
    fading: float
    passer_by: float
    noise: float
    warm_background: float
    fade_share: tuple[float, float]
    residue: tuple[float, float]
    sigma: tuple[float, float]
    distractor: bool = False


DIFFICULTIES = {
    'easy': Difficulty(0.04, 0.04, 0.04, 0.04, 0.04, (0.2, 0.4), (0.3, 0.5), (4, 6)),
    'default': Difficulty(0.25, 0.25, 0.2, 0.2, 0.2, (0.3, 0.6), (0.0, 0.1), (6, 10)),
    'hard': Difficulty(0.65, 0.6, 0.6, 0.6, 0.6, (0.55, 1.0), (0.0, 0.05), (10, 18)),
    'distractor': Difficulty(
        0.0, 0.0, 0.0, 0.2, 0.0, (0.0, 0.0), (0.0, 0.0), (4, 6), distractor=True
    ),
}


@dataclass(frozen=True)
class Handicaps:
    """Handicaps of one clip in one modality.

    Attributes:
        names: what was drawn, as written to the truth.
        contrast: [T], what is left of the actor's contrast, 0..1.
        hidden: first and last + 1 frame behind the occluder, or None.
        sigma: of the noise, in grey levels.
    """

    names: tuple[str, ...]
    contrast: np.ndarray
    hidden: tuple[int, int] | None
    sigma: float
    passer_by: bool
    warm_background: bool


def draw_handicaps(
    modality: str, difficulty: str, frames: int, rng: np.random.Generator
) -> Handicaps:
    level = DIFFICULTIES[difficulty]
    # Every number is drawn, used or not, so that the draws of one handicap
    # do not depend on another's.
    chance = dict(zip(KINDS, rng.random(len(KINDS))))
    numbers = rng.random(6)
    drawn = {kind: chance[kind] < getattr(level, kind) for kind in KINDS}
    drawn['warm_background'] &= modality == THERMAL

    def between(low: float, high: float, number: float) -> float:
        return low + (high - low) * number

    hidden = None
    if drawn['occluder']:
        # 0.32..0.48 of the frames, so that it stays within 30..50 % after
        # rounding to whole frames.
        length = round(frames * between(0.32, 0.48, numbers[0]))
        start = 1 + int(numbers[1] * (frames - length - 1))
        hidden = (start, start + length)
    contrast = np.ones(frames)
    if drawn['fading']:
        lasts = frames * between(*level.fade_share, numbers[2])
        begin = between(-0.15 * frames, 1.15 * frames - lasts, numbers[3])
        at = np.arange(frames)
        faded = smooth((at - begin) / 3 + 1) * smooth((begin + lasts - at) / 3 + 1)
        contrast -= faded * (1 - between(*level.residue, numbers[4]))
    sigma = 1.5
    if drawn['noise']:
        sigma = between(*level.sigma, numbers[5])
    names = tuple(
        FADING_NAMES[modality] if kind == 'fading' else kind
        for kind in KINDS
        if drawn[kind]
    )
    return Handicaps(
        names, contrast, hidden, sigma, drawn['passer_by'], drawn['warm_background']
    )


def occluder_track(
    hidden: tuple[int, int], extent: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """The left and right edge of an occluder that slides by, [T, 2].

    It arrives between two frames, stays before the actor for the frames of
    ``hidden`` and goes off to the other side; extent [T, 4] is the actor's
    box. Edges are in shares of the picture's width.
    """
    start, stop = hidden
    margin = 0.02
    left = extent[:, 0] - margin
    right = extent[:, 2] + margin
    width = (right - left)[start:stop].max() * rng.uniform(1.02, 1.15)
    middle = (left + right) / 2
    speed = rng.uniform(0.25, 0.4)
    direction = 1 if rng.random() < 0.5 else -1
    frames = np.arange(len(extent))
    # Just beside the actor in the frame before and in the frame after.
    before, after = max(start - 1, 0), min(stop, len(extent) - 1)
    beside = (width + right - left) / 2
    middle = np.where(
        frames < start,
        middle[before] - direction * (beside[before] + speed * (before - frames)),
        np.where(
            frames >= stop,
            middle[after] + direction * (beside[after] + speed * (frames - after)),
            middle,
        ),
    )
    return np.stack([middle - width / 2, middle + width / 2], 1)
