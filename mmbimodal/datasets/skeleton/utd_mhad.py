"""The skeletons of UTD-MHAD, ``aA_sS_tT_skeleton.mat``."""

import re
import zlib
from typing import NamedTuple

import numpy as np

from .checks import check_finite, check_joints, faulty
from .file import Skeleton
from .layouts import KINECT20

_KEY = 'd_skel'

# UTD-MHAD lists the trunk from the head down, the Kinect from the hips up.
_TO_KINECT = (3, 2, 1, 0, *range(4, 20))


class UTDMHADId(NamedTuple):
    """The fields of a sample id such as ``a1_s2_t3``; they count from 1."""

    action: int
    subject: int
    trial: int


_ID = re.compile(r'a(\d+)_s(\d+)_t(\d+)')


def parse_utd_mhad_id(sample_id: str) -> UTDMHADId | None:
    """A sample id as numbers; None if it is no such id."""
    match = _ID.fullmatch(sample_id)
    return match and UTDMHADId(*map(int, match.groups()))


def read_utd_mhad(path: str) -> Skeleton:
    """Read the variable ``d_skel``, 20×3×T in metres.

    Returns:
        Skeleton: One person, joints in the order of ``kinect20``, no clock.

    Raises:
        UnreadableVideo: It is no MATLAB file, has no ``d_skel``, or that has another
            shape or values that are not finite.
    """
    import scipy.io  # only the preparation needs it, and it loads slowly

    try:
        content = scipy.io.loadmat(path)
    except (
        *(OSError, EOFError, ValueError, TypeError, IndexError),
        *(NotImplementedError, zlib.error, scipy.io.matlab.MatReadError),
    ) as error:
        raise faulty(path, 'is no MATLAB file that can be read') from error
    if _KEY not in content:
        names = ', '.join(n for n in content if not n.startswith('__')) or 'nothing'
        raise faulty(path, f'has no {_KEY}, but {names}')
    joints = content[_KEY]
    if joints.dtype.kind not in 'fiu' or joints.ndim != 3 or joints.shape[1] != 3:
        raise faulty(path, f'has a {_KEY} of the shape {joints.shape}, not 20×3×T')
    check_joints(path, joints.shape[0], KINECT20)
    if not joints.shape[2]:
        raise faulty(path, 'has no frame', empty=True)
    keypoint = joints.transpose(2, 0, 1)[None, :, _TO_KINECT]  # 1×T×20×3
    check_finite(path, keypoint)
    return Skeleton(keypoint.astype(np.float32), KINECT20.name)
