from typing import Any

import numpy as np
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform

from mmbimodal.datasets.skeleton import find_layout
from mmbimodal.datasets.skeleton.file import PIXELS


@TRANSFORMS.register_module()
class FlipSkeleton(BaseTransform):
    """Mirror a skeleton from left to right, as ``Flip`` mirrors frames.

    It draws one random number as ``Flip`` does, so that in
    ``ForEachModality(shared=True)`` both flip the same samples. MMAction2's own
    ``Flip`` needs the pairs of joints as numbers, and mirrors metric joints about the
    middle of a picture.

    Required key: ``keypoint`` (M×T×V×C), in pixels where ``img_shape`` is given, else
    in metres. Modified keys: ``keypoint`` and ``keypoint_score``, whose left and right
    joints change places; joints at exactly 0 are not there and stay 0. Removed keys:
    ``colorXY`` and ``depthXY``, which belong to pictures of unknown size.

    Args:
        layout (str): ``'nturgb+d'`` or ``'kinect20'``.
        flip_ratio (float): Probability. Defaults to 0.5.

    Raises:
        InputError: The skeleton has another number of joints.
    """

    def __init__(self, layout: str, flip_ratio: float = 0.5) -> None:
        self.flip_ratio = flip_ratio
        self.layout = find_layout(layout)

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Mirror; the arrays of ``results`` are not modified."""
        self.layout.check_joints(
            results['keypoint'], results.get('filename', 'a skeleton')
        )
        results['flip'] = bool(np.random.rand() < self.flip_ratio)
        if not results['flip']:
            return results
        order = self.layout.mirrored
        keypoint = results['keypoint'][:, :, order]  # a copy
        there = keypoint.any(axis=-1)  # M×T×V
        # Pixel 0 becomes the last one, as in the picture.
        width = results['img_shape'][1] - 1 if 'img_shape' in results else 0
        keypoint[..., 0] = np.where(there, width - keypoint[..., 0], 0)
        results['keypoint'] = keypoint
        if 'keypoint_score' in results:
            results['keypoint_score'] = results['keypoint_score'][:, :, order]
        for name in PIXELS:
            results.pop(name, None)
        return results
