from typing import Any

import numpy as np
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform


@TRANSFORMS.register_module()
class CenterSkeleton(BaseTransform):
    """Move metric joints so that one joint of the first body that is seen is at 0.

    All bodies and frames move alike, so that steps through the room and the places of
    two persons stay. It is the first step of 2s-AGCN's normalisation. Unlike
    MMAction2's ``PreNormalize3D`` it keeps the frames without a body, which other
    modalities have as well, and takes any layout.

    Required key: ``keypoint`` (metres, M×T×V×3). Modified key: ``keypoint``; joints at
    exactly 0 are not there and stay 0. A clip without the joint stays as it is.

    Args:
        joint (int): Number of the joint. Defaults to 1, the middle of the spine in
            ``nturgb+d`` and ``kinect20``.
    """

    def __init__(self, joint: int = 1) -> None:
        self.joint = joint

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Subtract the joint's first place."""
        keypoint = results['keypoint']
        there = keypoint.any(axis=-1, keepdims=True)  # M×T×V×1
        # T×M, so that the earliest frame comes first
        moments = np.argwhere(there[:, :, self.joint, 0].T)
        if len(moments):
            frame, person = moments[0]
            center = keypoint[person, frame, self.joint]
            results['keypoint'] = np.where(there, keypoint - center, 0).astype(
                keypoint.dtype
            )
        return results
