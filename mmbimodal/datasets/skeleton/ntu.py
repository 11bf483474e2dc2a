"""The ``.skeleton`` text of NTU RGB+D 60 and 120."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from mmbimodal.errors import UnreadableVideo

from .checks import check_finite, check_joints, faulty
from .file import Skeleton
from .layouts import NTU_RGBD

MAX_PERSONS = 2
"""The most active bodies that are kept: no class shows more persons."""

# x y z depthX depthY colorX colorY, orientation w x y z, tracking state
_COLUMNS = 12
_TRACKED = 2


class _Place(NamedTuple):
    """Where a frame shows a body: its tracking id, the line of its first joint."""

    frame: int
    body: str
    line: int
    num_joints: int


def read_ntu(path: str) -> Skeleton:
    """Read a ``.skeleton`` file: the two most active bodies.

    Its lines: number of frames; per frame the number of bodies; per body a line
    that begins with its tracking id, the number of joints, and a line per joint.
    A body is what has one tracking id. Its activity is the sum of the standard
    deviations of x, y and z, as in MMAction2's ``gen_ntu_rgbd_raw.py``, which takes
    the place in the frame for the body instead.

    The file has no clock: the frames are spread over the time of the videos.

    Raises:
        UnreadableVideo: It is empty, cut off, no such file, has no body, another
            number of joints, or coordinates that are not finite.
    """
    with open(path, encoding='ascii', errors='replace') as f:
        lines = f.read().splitlines()
    if not lines:
        raise faulty(path, 'is empty', empty=True)
    try:
        frames = int(lines[0])
        places = list(_find_bodies(lines, frames))
    except IndexError as error:
        raise _truncated(path) from error
    except ValueError as error:
        raise faulty(path, 'is no .skeleton text') from error
    for place in places:
        check_joints(path, place.num_joints, NTU_RGBD)
    if not places:
        raise faulty(path, 'shows no body in any frame', empty=True)
    values = _parse_joints(path, lines, [place.line for place in places])
    bodies: dict[str, np.ndarray] = {}
    for place, joints in zip(places, values):
        if place.body not in bodies:
            bodies[place.body] = np.zeros((frames, *joints.shape), np.float32)
        bodies[place.body][place.frame] = joints
    stack = np.stack(list(bodies.values()))  # M×T×V×12
    check_finite(path, stack[..., :3])
    stack = stack[_by_activity(stack[..., :3])][:MAX_PERSONS]
    return _skeleton(stack)


def _find_bodies(lines: list[str], frames: int) -> Iterator[_Place]:
    at = 1
    for frame in range(frames):
        count, at = int(lines[at]), at + 1
        for _ in range(count):
            num_joints = int(lines[at + 1])
            yield _Place(frame, lines[at].split()[0], at + 2, num_joints)
            at += 2 + num_joints


def _parse_joints(path: str, lines: list[str], starts: list[int]) -> np.ndarray:
    """Numbers of the bodies' joints, bodies×V×12."""
    num_joints = len(NTU_RGBD.joints)
    rows = [lines[at : at + num_joints] for at in starts]
    words = ' '.join(line for body in rows for line in body).split()
    shape = (len(starts), num_joints, _COLUMNS)
    if len(words) < np.prod(shape):
        raise _truncated(path)
    try:
        return np.array(words, np.float32).reshape(shape)
    except ValueError as error:
        raise faulty(path, 'has lines that are no joints') from error


def _by_activity(xyz: np.ndarray) -> np.ndarray:
    """Order of the bodies of M×T×V×3, the most active one first."""
    activity = [
        body[body.any((1, 2))].reshape(-1, 3).astype(np.float64).std(0).sum()
        for body in xyz
    ]
    return np.argsort(activity, kind='stable')[::-1]


def _skeleton(stack: np.ndarray) -> Skeleton:
    """From the columns of the file, M×T×V×12."""
    pixels = stack[..., 3:7]
    # The sensor gives no place in the picture where a joint is out of it.
    placed = np.isfinite(pixels).all(-1)
    pixels = np.where(placed[..., None], pixels, 0)
    return Skeleton(
        keypoint=stack[..., :3],
        layout=NTU_RGBD.name,
        depthXY=pixels[..., :2],
        colorXY=pixels[..., 2:],
        score=np.where(placed, stack[..., 11] / _TRACKED, 0),
    )


def _truncated(path: str) -> UnreadableVideo:
    return faulty(path, 'is cut off: its last lines are missing', truncated=True)
