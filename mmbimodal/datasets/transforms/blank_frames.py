import zlib
from typing import Any

import numpy as np
import torch
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform

from mmbimodal.errors import InputError


@TRANSFORMS.register_module()
class BlankFrames(BaseTransform):
    """Black out a share of the frames of one modality, for testing.

    A sensor that fails for a while: the frames are there and show nothing.
    Which ones, depends on the sample's id alone, and those of a small share
    are among those of a larger one. It comes after ``PackModalityInputs``,
    where pixels are still from 0 to 255::

        test_pipeline = _base_.test_pipeline + [
            dict(type='BlankFrames', modality='ir', share=0.5)]

    Required keys: ``inputs``, ``data_samples``. Modified keys: ``inputs``. A
    sample without the modality stays as it is.

    Args:
        modality (str): Its name.
        share (float): Share of the frames in [0, 1], rounded to whole frames.

    Raises:
        InputError: The share is outside of [0, 1], or the data set has no
            such modality.
    """

    def __init__(self, modality: str, share: float) -> None:
        if not 0 <= share <= 1:
            raise InputError(
                f'BlankFrames: share={share} is not a share of '
                'the frames: give a value from 0 to 1'
            )
        self.modality, self.share = modality, share

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Return a new sample; ``results`` is not modified."""
        inputs, sample = results['inputs'], results['data_samples']
        if self.modality not in inputs:
            raise InputError(
                f'BlankFrames: there is no modality {self.modality!r}, the '
                f'data set has {", ".join(inputs)}: correct the pipeline'
            )
        if self.modality not in sample.modalities:
            return results
        x = inputs[self.modality]
        # Clips are V×C×T×H×W, images (V·T)×C×H×W.
        axis = 2 if x.ndim == 5 else 0
        count = x.shape[axis]
        order = np.random.default_rng(
            zlib.crc32(sample.sample_id.encode())
        ).permutation(count)
        black = torch.from_numpy(order[: round(self.share * count)])
        return dict(
            results, inputs={**inputs, self.modality: x.index_fill(axis, black, 0)}
        )
