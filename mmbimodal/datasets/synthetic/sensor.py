"""Skeletons as the tracker of a depth sensor gives them, with its usual mistakes.

The sensor stands where the colour camera stands. It lights the stage by itself, so
darkness does not matter to it, and neither does heat. The board that hides a body
from the eye hides it from the sensor, too.
"""

from dataclasses import dataclass

import numpy as np

from mmbimodal.datasets.skeleton import NTU_RGBD, Skeleton

from .camera import Camera, View
from .ntu import THERMAL, VISIBLE
from .pose import FPS
from .renderer import VISIBLE_SHARE
from .skeleton import INDEX

KINDS = ('noise', 'lost_limb', 'swapped_sides', 'no_body')
BESIDE = 'occluder'
"""Name of the handicap that the sensor has because the colour camera has it."""

SIGMA = 0.012
"""Deviation of a joint without the handicap ``noise``, in metres."""

TRACKED, INFERRED = 1.0, 0.5
"""Scores of a joint that is seen, and of one that stays where it was last seen."""

FEWEST = 0.25
"""The tracker loses a body of which it sees a smaller share of the joints."""

_ENDS = ('elbow', 'wrist', 'hand', 'hand_tip', 'thumb'), ('knee', 'ankle', 'foot')
LIMBS = tuple(
    [INDEX[f'{part}_{side}'] for part in parts]
    for parts in _ENDS
    for side in ('left', 'right')
)
"""Joints of the limbs that are lost together: two arms, two legs."""


@dataclass(frozen=True)
class Strength:
    """Probabilities per clip, and for ``no_body`` per body, and how strong each is.

    ``sigma`` is in metres, ``span`` in shares of the frames.
    """

    noise: float
    lost_limb: float
    swapped_sides: float
    no_body: float
    sigma: tuple[float, float]
    span: tuple[float, float]


STRENGTHS = {
    'easy': Strength(0.04, 0.04, 0.04, 0.04, (0.02, 0.04), (0.2, 0.4)),
    'default': Strength(0.4, 0.4, 0.4, 0.6, (0.06, 0.14), (0.6, 0.95)),
    'hard': Strength(0.7, 0.7, 0.6, 0.8, (0.08, 0.18), (0.7, 0.97)),
    'distractor': Strength(0.2, 0.0, 0.0, 0.0, (0.02, 0.04), (0.2, 0.4)),
}
"""By the names of :data:`.handicaps.DIFFICULTIES`."""

Span = tuple[int, int]


@dataclass(frozen=True)
class Mistakes:
    """What the tracker gets wrong in one clip; a span is first and last + 1 frame.

    Attributes:
        names: What was drawn, as written to the truth.
        sigma: Deviation of each coordinate of a joint, in metres.
        limb: Joints of every body that are lost, and when, or None.
        swapped: When left and right are exchanged, or None.
        away: Number of a body → when it is not found.
    """

    names: tuple[str, ...]
    sigma: float
    limb: tuple[list[int], Span] | None
    swapped: Span | None
    away: dict[int, Span]


def draw_mistakes(
    difficulty: str, frames: int, persons: int, rng: np.random.Generator
) -> Mistakes:
    """Draw the mistakes of one clip; every number is drawn, used or not."""
    level = STRENGTHS[difficulty]
    chance = rng.random(3)
    bodies = np.flatnonzero(rng.random(persons) < level.no_body)
    sigma = rng.uniform(*level.sigma)
    limb = LIMBS[rng.integers(len(LIMBS))]
    spans = [_draw_span(frames, level.span, rng) for _ in range(2 + persons)]
    noisy, lost, swapped = chance < (
        level.noise,
        level.lost_limb,
        level.swapped_sides,
    )
    drawn = (noisy, lost, swapped, len(bodies) > 0)
    return Mistakes(
        names=tuple(kind for kind, holds in zip(KINDS, drawn) if holds),
        sigma=sigma if noisy else SIGMA,
        limb=(limb, spans[0]) if lost else None,
        swapped=spans[1] if swapped else None,
        away={int(body): spans[2 + body] for body in bodies},
    )


def _draw_span(
    frames: int, share: tuple[float, float], rng: np.random.Generator
) -> Span:
    length = round(frames * rng.uniform(*share))
    start = int(rng.integers(frames - length + 1))
    return start, start + length


def track(
    joints: np.ndarray,
    camera: Camera,
    views: dict[str, View],
    sizes: dict[str, tuple[int, int]],
    board: np.ndarray | None,
    mistakes: Mistakes,
    rng: np.random.Generator,
) -> tuple[Skeleton, dict]:
    """What the sensor makes of the bodies on the stage.

    Args:
        joints (np.ndarray): True places on the stage in metres, M×T×25×3.
        camera (Camera): Its own axes are those of the metric joints.
        views (dict[str, View]): Of both pictures.
        sizes (dict[str, tuple[int, int]]): Height and width of both in pixels.
        board (np.ndarray, optional): The occluder in shares of the colour picture,
            x1 y1 x2 y2, T×4.
        mistakes (Mistakes): Of this clip.
        rng (np.random.Generator): For the noise.

    Returns:
        tuple[Skeleton, dict]: The skeleton with places in both pictures, and its
        truth: ``visible``, whether the tracker sees ``VISIBLE_SHARE`` of the joints
        of all bodies, and ``lost``, the number of joints that it does not see, of
        each frame; ``swapped``, first and last + 1 frame or None; ``handicaps``.
    """
    seen = _find_seen(joints, camera, views[VISIBLE], board, mistakes)  # M×T×25
    found_at_all = seen.mean(2) >= FEWEST  # M×T
    body = found_at_all.copy()
    for number, (start, stop) in mistakes.away.items():
        body[number, start:stop] = False
    if not body.any():
        # A recording without anybody would not be kept: the actor is found after all.
        body[0] = found_at_all[0]
    source = _last_seen(seen)  # M×T×25, -1: never seen
    found = (source >= 0) & body[..., None]
    noisy = camera.look(joints) + mistakes.sigma * rng.standard_normal(joints.shape)
    metric = np.take_along_axis(noisy, np.maximum(source, 0)[..., None], axis=1)
    flat = camera.project(metric)
    parts = dict(
        keypoint=metric,
        colorXY=views[VISIBLE](flat) * sizes[VISIBLE][::-1],
        # the sensor's depth picture has the place of the thermal one
        depthXY=views[THERMAL](flat) * sizes[THERMAL][::-1],
        score=np.where(seen, TRACKED, INFERRED)[..., None],
    )
    parts = {name: np.where(found[..., None], x, 0) for name, x in parts.items()}
    if mistakes.swapped:
        _swap_sides(parts, slice(*mistakes.swapped))
    skeleton = Skeleton(
        **{name: x.astype(np.float32) for name, x in parts.items() if name != 'score'},
        score=parts['score'][..., 0].astype(np.float32),
        layout=NTU_RGBD.name,
        timestamps=np.arange(joints.shape[1]) / FPS,
    )
    clear = seen & body[..., None]
    names = mistakes.names if board is None else (BESIDE, *mistakes.names)
    if (body == found_at_all).all():
        names = tuple(name for name in names if name != 'no_body')
    return skeleton, {
        'visible': (clear.mean((0, 2)) >= VISIBLE_SHARE).tolist(),
        'lost': (~clear).sum((0, 2)).tolist(),
        'swapped': mistakes.swapped,
        'handicaps': list(names),
    }


def _find_seen(
    joints: np.ndarray,
    camera: Camera,
    view: View,
    board: np.ndarray | None,
    mistakes: Mistakes,
) -> np.ndarray:
    """Whether the tracker sees a joint, M×T×25."""
    seen = np.ones(joints.shape[:3], bool)
    if board is not None:
        places = view(camera.project(camera.look(joints)))  # M×T×25×2
        low, high = board[:, None, :2], board[:, None, 2:]
        seen &= ~((places >= low) & (places <= high)).all(-1)
    if mistakes.limb:
        numbers, (start, stop) = mistakes.limb
        seen[:, start:stop, numbers] = False
    return seen


def _last_seen(seen: np.ndarray) -> np.ndarray:
    """Frame in which a joint was last seen, or will be first, M×T×V; -1 if never."""
    frames = np.arange(seen.shape[1])[:, None]
    last = np.maximum.accumulate(np.where(seen, frames, -1), axis=1)
    first = np.where(seen.any(1), seen.argmax(1), -1)[:, None]
    return np.where(last < 0, first, last)


def _swap_sides(parts: dict[str, np.ndarray], frames: slice) -> None:
    """Exchange left and right joints of arrays M×T×V×C in these frames, in place."""
    for array in parts.values():
        array[:, frames] = array[:, frames][:, :, NTU_RGBD.mirrored]
