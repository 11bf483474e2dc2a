from typing import Any

import numpy as np
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform

from mmbimodal.datasets.skeleton.file import PIXELS
from mmbimodal.errors import InputError


@TRANSFORMS.register_module()
class ResampleSkeleton(BaseTransform):
    """Stretch a part of a clip to T frames, with linear interpolation.

    MMAction2's ``UniformSampleFrames`` repeats a clip that is too short from its
    start. Half of NW-UCLA's clips have 31 frames or fewer, so that a model would see a
    jump. CTR-GCN's feeder stretches the time by frames that it repeats; this one
    interpolates. It is for skeletons alone: beside another modality ``SyncSample``
    keeps one clock.

    Required key: ``keypoint`` (M×T'×V×C). Modified key: ``keypoint`` (M×T×V×C); a
    joint at exactly 0 is not there, and makes a frame between it and another one take
    the nearer of both. Removed keys: ``keypoint_score``, ``timestamps``, ``colorXY``
    and ``depthXY``, which belong to the frames before. Added keys: ``total_frames``,
    ``clip_len`` and ``num_clips``.

    Args:
        clip_len (int): Frames T.
        min_share (float): The part has this share of the clip at least, and starts
            anywhere; 1 takes the whole clip, for tests. Defaults to 1.

    Raises:
        InputError: The clip has no frame.
    """

    def __init__(self, clip_len: int, min_share: float = 1.0) -> None:
        if not (clip_len > 0 and 0 < min_share <= 1):
            raise InputError(
                f'ResampleSkeleton: clip_len={clip_len} must be positive and '
                f'min_share={min_share} a share: 0 < min_share <= 1'
            )
        self.clip_len, self.min_share = clip_len, min_share

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Interpolate; the array of ``results`` is not modified."""
        keypoint = results['keypoint']
        last = keypoint.shape[1] - 1
        if last < 0:
            raise InputError(
                f'{results.get("filename", "a skeleton")} has no frame: leave it out '
                'of the annotation'
            )
        start, stop = 0.0, float(last)
        if self.min_share < 1:
            length = last * np.random.uniform(self.min_share, 1)
            start = np.random.uniform(0, last - length)
            stop = start + length
        places = np.linspace(start, stop, self.clip_len)  # T
        results['keypoint'] = interpolate(keypoint, places)
        for name in ('keypoint_score', 'timestamps', *PIXELS):
            results.pop(name, None)
        results.update(total_frames=self.clip_len, clip_len=self.clip_len, num_clips=1)
        return results


def interpolate(keypoint: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Joints at fractional frames.

    Args:
        keypoint (np.ndarray): M×T'×V×C.
        places (np.ndarray): T numbers from 0 to T' - 1.

    Returns:
        np.ndarray: M×T×V×C.
    """
    low = np.floor(places).astype(int)
    high = np.minimum(low + 1, keypoint.shape[1] - 1)
    weight = (places - low)[:, None, None].astype(keypoint.dtype)
    before, after = keypoint[:, low], keypoint[:, high]
    mixed = before * (1 - weight) + after * weight
    both = before.any(-1, keepdims=True) & after.any(-1, keepdims=True)
    return np.where(both, mixed, np.where(weight < 0.5, before, after))
