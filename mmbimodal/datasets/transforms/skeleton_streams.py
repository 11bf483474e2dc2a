from collections.abc import Sequence
from typing import Any

import numpy as np
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform

from mmbimodal.datasets.skeleton import find_layout
from mmbimodal.errors import InputError

STREAMS = ('joint', 'bone', 'motion', 'bone_motion')


@TRANSFORMS.register_module()
class SkeletonStreams(BaseTransform):
    """Joints, bones and their motions as channels of one skeleton.

    The streams of 2s-AGCN and MS-G3D. A bone is a joint less its neighbour towards
    the centre; a motion is the next frame less this one, 0 in the last. MMAction2's
    ``GenSkeFeat`` knows other layouts only.

    Required key: ``keypoint`` (M×T×V×C). Modified key: ``keypoint``, M×T×V×(C·S) for
    S streams. What depends on a joint at exactly 0, which is not there, is 0.

    Args:
        layout (str): ``'nturgb+d'`` or ``'kinect20'``.
        streams (Sequence[str]): Of ``'joint'``, ``'bone'``, ``'motion'`` and
            ``'bone_motion'``, in the order of the channels. Defaults to
            ``('joint',)``.

    Raises:
        InputError: There is no such stream, or the skeleton has another number of
            joints.
    """

    def __init__(self, layout: str, streams: Sequence[str] = ('joint',)) -> None:
        unknown = [name for name in streams if name not in STREAMS]
        if unknown or not streams:
            raise InputError(
                f'SkeletonStreams: streams={list(streams)} must be some of '
                f'{", ".join(STREAMS)}'
            )
        found = find_layout(layout)
        self.layout, self.streams = found, tuple(streams)
        # The centre is its own neighbour: its bone is 0.
        self.neighbour = np.arange(len(found.joints))
        for joint, towards in found.edges:
            self.neighbour[joint] = towards

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Compute the streams; the array of ``results`` is not modified."""
        joint = results['keypoint']
        self.layout.check_joints(joint, results.get('filename', 'a skeleton'))
        results['keypoint'] = np.concatenate(
            [self._stream(joint, name) for name in self.streams], axis=-1
        )
        return results

    def _stream(self, joint: np.ndarray, name: str) -> np.ndarray:
        """One stream of the joints, M×T×V×C."""
        values = joint
        if name.startswith('bone'):
            values = difference(joint, joint[:, :, self.neighbour])
        return motion(values) if name.endswith('motion') else values


def difference(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """``first`` - ``second``, and 0 where one of them is not there; …×C."""
    there = first.any(-1, keepdims=True) & second.any(-1, keepdims=True)
    return np.where(there, first - second, 0).astype(first.dtype)


def motion(values: np.ndarray) -> np.ndarray:
    """The next frame less this one, M×T×V×C; 0 in the last frame."""
    moved = np.zeros_like(values)
    moved[:, :-1] = difference(values[:, 1:], values[:, :-1])
    return moved
