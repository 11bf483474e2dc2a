import json
from typing import Any

import numpy as np
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform

from mmbimodal.errors import InputError


@TRANSFORMS.register_module()
class LoadVisibility(BaseTransform):
    """Tell which of the sampled frames show the actor, for an oracle.

    Generated pairs come with the truth of every frame. A model that is told
    the truth shows what a selection can reach at most. The transform comes
    after the decoder; for :class:`~mmbimodal.models.OracleSelector` add
    ``visible`` to the ``meta_keys`` of ``PackModalityInputs``.

    Required keys: ``sample_id``, ``modalities`` with ``frame_inds`` and
    ``imgs``. Added key in each modality: ``visible``, T bools. Modified key:
    ``imgs`` if ``blank_hidden``.

    Args:
        truth_file (str): ``truth.json`` of ``tools/data/synth/generate.py``.
        blank_hidden (bool): Black out the frames that do not show the actor:
            then no part of the model learns from them. Defaults to False.

    Raises:
        InputError: The file is no truth, or not that of these samples.
    """

    def __init__(self, truth_file: str, blank_hidden: bool = False) -> None:
        self.truth_file = truth_file
        self.blank_hidden = blank_hidden
        try:
            with open(truth_file, encoding='utf-8') as f:
                samples = json.load(f)['samples']
            self.visible = {
                sample_id: {
                    name: np.asarray(part['visible'], bool)
                    for name, part in sample.items()
                    if isinstance(part, dict)
                }
                for sample_id, sample in samples.items()
            }
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(
                f'{truth_file} is not a truth.json ({error!r}): it is written by '
                'tools/data/synth/generate.py, beside the videos'
            ) from error

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Return a new sample; ``results`` is not modified."""
        modalities = {
            name: inner and self._mark(results['sample_id'], name, inner)
            for name, inner in results['modalities'].items()
        }
        return dict(results, modalities=modalities)

    def _mark(self, sample_id: str, name: str, inner: dict[str, Any]) -> dict[str, Any]:
        """One modality with ``visible`` in it."""
        try:
            visible = self.visible[sample_id][name][inner['frame_inds']]
        except (KeyError, IndexError) as error:
            raise InputError(
                f'{self.truth_file} does not fit the {name} of sample {sample_id} '
                f'({error!r}): name the truth.json that was written with these videos'
            ) from error
        marked = dict(inner, visible=visible)
        if self.blank_hidden:
            marked['imgs'] = [
                img if seen else np.zeros_like(img)
                for img, seen in zip(inner['imgs'], visible, strict=True)
            ]
        return marked
