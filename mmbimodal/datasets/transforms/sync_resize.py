from typing import Any

import mmcv
import numpy as np
from mmaction.datasets.transforms import Resize
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform


@TRANSFORMS.register_module()
class SyncResize(BaseTransform):
    """Resize all modalities to one size, that of the first one scaled.

    Sensors differ in resolution and aspect ratio. On frames of one size a
    crop takes the same part of the picture, in relative coordinates, from
    every modality.

    Required keys in each modality: ``imgs``, ``img_shape``.
    Modified keys: those of MMAction2's ``Resize``.

    Args:
        short_side (int | tuple[int, int]): Short side in pixels, or the
            closed range from which one value per sample is drawn.
    """

    def __init__(self, short_side: int | tuple[int, int]) -> None:
        self.range = (
            (short_side, short_side)
            if isinstance(short_side, int)
            else tuple(short_side)
        )

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Return a new sample; ``results`` is not modified."""
        low, high = self.range
        side = low if low == high else np.random.randint(low, high + 1)
        present = {
            name: inner
            for name, inner in results['modalities'].items()
            if inner is not None
        }
        height, width = next(iter(present.values()))['img_shape']
        size = mmcv.rescale_size((width, height), (np.inf, side))
        resize = Resize(size, keep_ratio=False)
        resized = {name: resize(dict(inner)) for name, inner in present.items()}
        return dict(results, modalities={**results['modalities'], **resized})
