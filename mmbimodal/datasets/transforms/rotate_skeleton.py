from collections.abc import Sequence
from typing import Any

import numpy as np
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform


def rotation(angles: np.ndarray) -> np.ndarray:
    """Matrix R = Rz·Ry·Rx, 3×3, of a rotation about x, then y, then z.

    Args:
        angles (np.ndarray): About x, y and z, in radians.
    """
    matrix = np.eye(3)
    for axis, angle in enumerate(angles):
        i, j = ((1, 2), (2, 0), (0, 1))[axis]
        turn = np.eye(3)
        turn[[i, j], [i, j]] = np.cos(angle)
        turn[i, j], turn[j, i] = -np.sin(angle), np.sin(angle)
        matrix = turn @ matrix
    return matrix


@TRANSFORMS.register_module()
class RotateSkeleton(BaseTransform):
    """Turn metric joints about the origin, as if seen by another camera.

    The random view of CTR-GCN and other works: one rotation per clip, with an angle
    about each axis. Put it behind ``CenterSkeleton``.

    Required key: ``keypoint`` (metres, M×T×V×3). Modified key: ``keypoint``.

    Args:
        max_degrees (Sequence[float]): Largest angle about x, y and z in degrees; each
            is drawn between its negative and itself. Defaults to (17, 17, 17), which
            is the 0.3 rad of CTR-GCN.
    """

    def __init__(self, max_degrees: Sequence[float] = (17, 17, 17)) -> None:
        self.limits = np.deg2rad(max_degrees)

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Rotate; the array of ``results`` is not modified."""
        matrix = rotation(np.random.uniform(-self.limits, self.limits))
        keypoint = results['keypoint']
        # M×T×V×3 · 3×3: rows are points
        results['keypoint'] = (keypoint @ matrix.T).astype(keypoint.dtype)
        return results
