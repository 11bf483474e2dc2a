"""What every reader of skeletons asks of its file."""

import numpy as np

from mmbimodal.errors import UnreadableVideo

from .layouts import Layout


def faulty(path: str, fault: str, **kind: bool) -> UnreadableVideo:
    """The error of a file that cannot be used.

    Args:
        path (str): The file.
        fault (str): What is wrong: a clause that follows the path.
        kind (bool): ``truncated`` or ``empty``, see :class:`UnreadableVideo`.
    """
    return UnreadableVideo(
        f'the skeleton {path} {fault}: copy it again or leave it out', fault, **kind
    )


def check_joints(path: str, count: int, layout: Layout) -> None:
    """Make sure that a file has the joints of its layout.

    Raises:
        UnreadableVideo: It has not; the message has both numbers.
    """
    if count != len(layout.joints):
        raise faulty(
            path, f'has {count} joints, the layout {layout.name} {len(layout.joints)}'
        )


def check_finite(path: str, keypoint: np.ndarray) -> None:
    """Make sure that M×T×V×3 coordinates are finite.

    Raises:
        UnreadableVideo: They are not; the message has the first such frame.
    """
    if not np.isfinite(keypoint).all():
        frame = int(np.nonzero(~np.isfinite(keypoint).all((0, 2, 3)))[0][0])
        raise faulty(path, f'has coordinates that are NaN or infinite in frame {frame}')
