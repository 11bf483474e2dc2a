from typing import Any

import numpy as np
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform


@TRANSFORMS.register_module()
class MinMaxSkeleton(BaseTransform):
    """Map the joints of a clip to [-1, 1], axis by axis.

    As CTR-GCN's feeder does for NW-UCLA: the extremes are those of all persons, frames
    and joints that are there, so that the motion through the room stays in the data.

    Required key: ``keypoint`` (M×T×V×C). Modified key: ``keypoint``; joints at exactly
    0 are not there and stay 0, and so does an axis along which nothing extends.
    """

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Normalise; the array of ``results`` is not modified."""
        keypoint = results['keypoint']
        there = keypoint.any(axis=-1)  # M×T×V
        if there.any():
            low, high = (f(keypoint[there], axis=0) for f in (np.min, np.max))  # C
            span = high - low
            scaled = 2 * (keypoint - low) / np.where(span > 0, span, 1) - 1
            valid = there[..., None] & (span > 0)
            results['keypoint'] = np.where(valid, scaled, 0).astype(keypoint.dtype)
        return results
