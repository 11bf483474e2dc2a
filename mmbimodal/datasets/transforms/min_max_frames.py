from typing import Any

import numpy as np
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform


@TRANSFORMS.register_module()
class MinMaxFrames(BaseTransform):
    r"""Stretch the values of a clip to [0, 1] (AMFI-Net, section 3.1, eq. 3).

    .. math::
        X' = \frac{X - X_{min}}{X_{max} - X_{min}}

    with the smallest and the largest value of all frames and channels of the clip.
    Reading: the paper does not say over what it takes them. With 0 and 255 for every
    clip, ``ActionDataPreprocessor(mean=[0] * 3, std=[255] * 3)`` does the same.

    Required key: ``imgs``. Modified key: ``imgs``, float32; 0 where all are equal.
    """

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Stretch; the arrays of ``results`` are not modified."""
        frames = np.asarray(results['imgs'], np.float32)  # T×H×W×C
        low, high = frames.min(), frames.max()
        results['imgs'] = [*(frames - low) / max(high - low, np.float32(1e-6))]
        return results
