from collections.abc import Mapping
from typing import Any

import numpy as np
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform

from mmbimodal.errors import InputError


@TRANSFORMS.register_module()
class ModalityDropout(BaseTransform):
    """Take whole modalities away, so that the model learns to do without.

    Each modality that the sample has is dropped with its probability,
    independently of the others. The last one stays: where all were drawn, one
    of them, chosen at random, is kept. At the start of a pipeline it saves
    the decoding of what is dropped; before ``PackModalityInputs`` it works as
    well.

    Required keys: ``modalities``. Modified keys: ``modalities``, with None
    where a modality was dropped.

    Args:
        prob (float | Mapping[str, float]): Probability in [0, 1], or one for
            each modality; those that are not named stay.

    Raises:
        InputError: A probability is outside of [0, 1], or ``prob`` names a
            modality that the data set does not have.
    """

    def __init__(self, prob: float | Mapping[str, float]) -> None:
        values = prob.values() if isinstance(prob, Mapping) else [prob]
        if not all(0 <= p <= 1 for p in values):
            raise InputError(
                f'ModalityDropout: prob={prob} is not a '
                'probability: give values from 0 to 1'
            )
        self.prob = prob

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Return a new sample; ``results`` is not modified."""
        modalities = results['modalities']
        prob = self.prob
        if not isinstance(prob, Mapping):
            prob = dict.fromkeys(modalities, prob)
        unknown = set(prob) - set(modalities)
        if unknown:
            raise InputError(
                f'ModalityDropout: prob names {", ".join(sorted(unknown))}, '
                f'the data set has {", ".join(modalities)}: correct the '
                'pipeline'
            )
        present = [name for name, x in modalities.items() if x is not None]
        dropped = [name for name in present if np.random.rand() < prob.get(name, 0)]
        if len(dropped) == len(present):
            dropped.remove(np.random.choice(dropped))
        return dict(results, modalities={**modalities, **dict.fromkeys(dropped)})
