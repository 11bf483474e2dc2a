from typing import Any

import numpy as np
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform

from mmbimodal.errors import InputError


@TRANSFORMS.register_module()
class RandomRightAngle(BaseTransform):
    """Turn and mirror all frames of a clip alike (AMFI-Net, section 3.1).

    The paper turns by 90, 180 and 270 degrees and mirrors in both directions, and does
    not say how often. Reading: upside down, sitting down is standing up, and a fall is
    a jump. By default only left and right change places. Each probability is drawn
    once per clip.

    Required keys: ``imgs``, ``img_shape``. Modified key: ``imgs``.

    Args:
        turn_ratio (float): Probability of a turn counterclockwise, by 90, 180 or 270
            degrees alike. Defaults to 0.
        horizontal_ratio (float): Probability that left and right change places.
            Defaults to 0.5.
        vertical_ratio (float): Probability that top and bottom do. Defaults to 0.

    Raises:
        InputError: A probability is none, or frames that may turn are not square.
    """

    def __init__(
        self,
        turn_ratio: float = 0.0,
        horizontal_ratio: float = 0.5,
        vertical_ratio: float = 0.0,
    ) -> None:
        ratios = (turn_ratio, horizontal_ratio, vertical_ratio)
        if not all(0 <= x <= 1 for x in ratios):
            raise InputError(
                f'RandomRightAngle: turn_ratio, horizontal_ratio and vertical_ratio '
                f'are {ratios}: choose probabilities from 0 to 1'
            )
        self.ratios = ratios

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Turn, then mirror; the arrays of ``results`` are not modified."""
        height, width = results['img_shape']
        if self.ratios[0] and height != width:
            raise InputError(
                f'RandomRightAngle turns square frames, {results.get("filename", "")} '
                f'has {width}x{height}: crop or resize them to a square before it'
            )
        turns, horizontal, vertical = np.random.rand(3) < self.ratios
        quarters = np.random.randint(1, 4) if turns else 0

        def change(frame: np.ndarray) -> np.ndarray:
            frame = np.rot90(frame, quarters)
            frame = frame[:, ::-1] if horizontal else frame
            frame = frame[::-1] if vertical else frame
            return np.ascontiguousarray(frame)

        results['imgs'] = [change(x) for x in results['imgs']]
        return results
