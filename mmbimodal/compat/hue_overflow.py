"""``Python integer -13 out of bounds for uint8`` in ``ColorJitter``.

Since numpy 2, an unsigned array plus a negative number overflows: MMAction2
1.2.0 shifts the hue so. Can go when a negative hue shift works upstream.
"""

import cv2
import numpy as np
from mmaction.datasets.transforms import ColorJitter


def adjust_hue(img: np.ndarray, factor: float) -> np.ndarray:
    """Shift the hue, in integers wide enough for the sum.

    Args:
        img (np.ndarray): RGB image, [H, W, 3], values in [0, 255].
        factor (float): Shift in [-0.5, 0.5], of 255 steps as upstream.

    Returns:
        np.ndarray: float32, [H, W, 3].
    """
    hsv = cv2.cvtColor(np.clip(img, 0, 255).astype(np.uint8), cv2.COLOR_RGB2HSV)
    # OpenCV keeps the hue of 8-bit images in degrees / 2: 0 to 179.
    hsv[..., 0] = (hsv[..., 0].astype(np.int32) + int(factor * 255)) % 180
    return cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB).astype(np.float32)


def patch() -> None:
    """Replace MMAction2's function."""
    ColorJitter.adjust_hue = staticmethod(adjust_hue)
