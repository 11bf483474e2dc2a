"""The compact file of one skeleton.

It is an uncompressed ``.npz``: a zip of arrays. NumPy alone reads it, in less than
a millisecond, where the ``.skeleton`` text of NTU takes tens of them. A part that
is not asked for is not read. It is loaded with ``allow_pickle=False``, so that a
file from elsewhere cannot run code; one pickle for the whole data set, as is usual
in the field, can, and must be read as a whole by every worker.
"""

import os
import os.path as osp
import zipfile
from dataclasses import dataclass
from typing import Any

import numpy as np

from mmbimodal.errors import UnreadableVideo

from .checks import check_finite, check_joints, faulty
from .layouts import Layout, find_layout

SUFFIX = '.npz'
"""Of the name of a compact file."""

METRIC = 'keypoint'
"""The part that every file has; the others with joints are ``PIXELS``."""

PIXELS = ('colorXY', 'depthXY')
"""Parts with places in the colour and in the depth picture of the sensor."""

_JUMP = 0.5


@dataclass(frozen=True)
class Skeleton:
    """The bodies of one clip; the arrays are float32, persons M, frames T, joints V.

    A body that a frame does not show is zero there, as MMAction2 expects.

    Attributes:
        keypoint: Places in the sensor's space in metres, M×T×V×3.
        layout: Name of the layout of the V joints.
        colorXY: Places in the colour picture in pixels, M×T×V×2, if known.
        depthXY: The same in the depth picture, which infrared shares.
        score: How sure the tracker is of a joint, M×T×V in [0, 1], if known.
        timestamps: Times of the frames in seconds, float64, T, if there is a clock.
    """

    keypoint: np.ndarray
    layout: str
    colorXY: np.ndarray | None = None
    depthXY: np.ndarray | None = None
    score: np.ndarray | None = None
    timestamps: np.ndarray | None = None


def write_compact(path: str, skeleton: Skeleton) -> None:
    """Write a compact file, which appears complete or not at all.

    Raises:
        UnreadableVideo: The arrays do not fit each other or are not finite.
    """
    parts: dict[str, Any] = {
        name: np.asarray(value, np.float64 if name == 'timestamps' else np.float32)
        for name, value in vars(skeleton).items()
        if name != 'layout' and value is not None
    }
    _check(path, parts, find_layout(skeleton.layout))
    os.makedirs(osp.dirname(osp.abspath(path)), exist_ok=True)
    # The dot hides it from a scan.
    half_written = osp.join(osp.dirname(path), f'.part.{osp.basename(path)}')
    try:
        with open(half_written, 'wb') as f:
            np.savez(f, layout=np.array(skeleton.layout), **parts)
        os.replace(half_written, path)
    finally:
        if osp.exists(half_written):
            os.remove(half_written)


def read_compact(path: str) -> Skeleton:
    """Read a compact file.

    Raises:
        UnreadableVideo: It is damaged, another kind of file, or its content is wrong.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            parts = {name: archive[name] for name in archive.files}
        layout = find_layout(str(parts.pop('layout')))
        skeleton = Skeleton(layout=layout.name, **parts)
    except FileNotFoundError as error:
        raise UnreadableVideo(
            f'{path} does not exist: restore it, or prepare the data set again'
        ) from error
    except (
        *(OSError, EOFError, ValueError, KeyError, TypeError),
        *(AttributeError, zipfile.BadZipFile),
    ) as error:
        raise UnreadableVideo(
            f'{path} is no compact skeleton file: make it from the released file '
            'with the prepare.py of its data set in tools/data',
            'it is no compact skeleton file',
        ) from error
    _check(path, parts, layout)
    return skeleton


def find_oddities(skeleton: Skeleton) -> list[str]:
    """What is unusual in a skeleton that can be used, one clause each."""
    keypoint = skeleton.keypoint
    seen = np.any(keypoint, axis=(2, 3))  # M×T
    found = {
        '1 frame only': keypoint.shape[1] == 1,
        'frames without a body': not seen.any(0).all(),
        'joints at exactly 0': (~keypoint.any(3) & seen[..., None]).any(),
        f'a jump of over {_JUMP} m between frames': _jumps(keypoint, seen),
    }
    return [clause for clause, holds in found.items() if holds]


def _jumps(keypoint: np.ndarray, seen: np.ndarray) -> bool:
    """Whether the first joint, the hips' centre, leaps: the tracker swapped."""
    steps = np.linalg.norm(np.diff(keypoint[:, :, 0], axis=1), axis=-1)  # M×(T-1)
    return bool((steps[seen[:, 1:] & seen[:, :-1]] > _JUMP).any())


def _check(path: str, parts: dict[str, np.ndarray], layout: Layout) -> None:
    keypoint = parts[METRIC]
    if any(part.dtype.kind != 'f' for part in parts.values()):
        raise faulty(path, 'has parts that are no floating-point numbers')
    if keypoint.ndim != 4 or keypoint.shape[3] != 3 or not keypoint.size:
        raise faulty(
            path,
            f'has joints of the shape {keypoint.shape} instead of '
            'persons×frames×joints×3',
        )
    check_joints(path, keypoint.shape[2], layout)
    check_finite(path, keypoint)
    persons_frames_joints = keypoint.shape[:3]
    expected = dict.fromkeys(PIXELS, (*persons_frames_joints, 2))
    expected.update(score=persons_frames_joints, timestamps=keypoint.shape[1:2])
    for name, shape in expected.items():
        if name in parts and (
            parts[name].shape != shape or not np.isfinite(parts[name]).all()
        ):
            raise faulty(
                path,
                f'has {name} of the shape {parts[name].shape} instead of {shape}, '
                'or not finite',
            )
    if (np.diff(parts.get('timestamps', ())) <= 0).any():
        raise faulty(path, 'has timestamps that do not increase')
