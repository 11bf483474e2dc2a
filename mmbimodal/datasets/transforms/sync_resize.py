from typing import Any

import mmcv
import numpy as np
from mmaction.datasets.transforms import Resize
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform

from mmbimodal.errors import InputError


@TRANSFORMS.register_module()
class SyncResize(BaseTransform):
    """Resize all modalities to one size, that of the first one scaled.

    Sensors differ in resolution and aspect ratio. On frames of one size a
    crop takes the same part of the picture, in relative coordinates, from
    every modality. Joints in pixels are scaled with their picture; a modality
    without a picture, as joints in metres, stays as it is.

    Required keys in each modality that has a picture: ``img_shape``, and ``imgs``
    or ``keypoint``. Modified keys: those of MMAction2's ``Resize``.

    Args:
        short_side (int | tuple[int, int]): Short side in pixels, or the
            closed range from which one value per sample is drawn.
        max_distortion (float): Largest factor by which the aspect ratio of a
            modality may change. Defaults to 1.2.
        reference (str, optional): Modality that determines the size; in samples
            that lack it, and by default, the first one that is there.

    Raises:
        InputError: The modalities differ more in their aspect ratios, or the
            reference is no modality.
    """

    def __init__(
        self,
        short_side: int | tuple[int, int],
        max_distortion: float = 1.2,
        reference: str | None = None,
    ) -> None:
        self.range = (
            (short_side, short_side)
            if isinstance(short_side, int)
            else tuple(short_side)
        )
        self.max_distortion = max_distortion
        self.reference = reference

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Return a new sample; ``results`` is not modified."""
        low, high = self.range
        side = low if low == high else np.random.randint(low, high + 1)
        present = {
            name: inner
            for name, inner in results['modalities'].items()
            if inner is not None and 'img_shape' in inner
        }
        if self.reference not in (None, *results['modalities']):
            raise InputError(
                f'SyncResize: reference={self.reference!r} is no modality of the '
                f'sample: choose from {", ".join(results["modalities"])}'
            )
        if self.reference in present:
            present = {self.reference: present[self.reference], **present}
        if not present:
            return results
        self._check_ratios(present)
        height, width = next(iter(present.values()))['img_shape']
        size = mmcv.rescale_size((width, height), (np.inf, side))
        resize = Resize(size, keep_ratio=False)
        resized = {name: resize(dict(inner)) for name, inner in present.items()}
        return dict(results, modalities={**results['modalities'], **resized})

    def _check_ratios(self, present: dict[str, dict[str, Any]]) -> None:
        """Refuse to squash one modality into the shape of another."""
        (first, reference), *others = present.items()
        height, width = reference['img_shape']
        for name, inner in others:
            factor = (inner['img_shape'][1] / inner['img_shape'][0]) / (width / height)
            if max(factor, 1 / factor) > self.max_distortion:
                h, w = inner['img_shape']
                raise InputError(
                    f'{inner["filename"]} ({name}, {w}x{h}) would be stretched by '
                    f'{max(factor, 1 / factor):.2f} to the shape of {first} '
                    f'({width}x{height}): rotate or crop it, or accept this with '
                    'SyncResize(max_distortion=...)'
                )
