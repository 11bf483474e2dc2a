from typing import Any

import numpy as np
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform


@TRANSFORMS.register_module()
class ScaleSkeleton(BaseTransform):
    """Scale each axis of metric joints, as if the person had another build.

    Required key: ``keypoint`` (metres, M×T×V×3). Modified key: ``keypoint``.

    Args:
        max_change (float): Largest change: the factor of an axis is drawn between
            1 - ``max_change`` and 1 + ``max_change``, once per clip. Defaults to 0.1.
    """

    def __init__(self, max_change: float = 0.1) -> None:
        self.max_change = max_change

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Scale; the array of ``results`` is not modified."""
        keypoint = results['keypoint']
        factors = 1 + np.random.uniform(-self.max_change, self.max_change, 3)
        results['keypoint'] = keypoint * factors.astype(keypoint.dtype)
        return results
