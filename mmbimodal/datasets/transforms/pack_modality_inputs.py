from collections.abc import Sequence
from typing import Any

import torch
from mmaction.datasets.transforms import PackActionInputs
from mmaction.registry import TRANSFORMS
from mmaction.structures import ActionDataSample
from mmcv.transforms import BaseTransform

from mmbimodal.errors import InputError, UnreadableVideo


@TRANSFORMS.register_module()
class PackModalityInputs(BaseTransform):
    """Pack the modalities and the label for the model.

    An absent modality becomes an empty tensor, to which
    :class:`~mmbimodal.models.PairedDataPreprocessor` gives the shape of the
    batch. The metainfo tells the model what is absent: ``modalities`` has the
    names of the present ones only.

    Required keys: ``sample_id``, ``modalities``, ``label`` and
    ``sample_idx`` (optional).
    Added keys: ``inputs`` ({name: tensor}), ``data_samples``
    (``ActionDataSample``; its metainfo holds ``sample_id``,
    ``sample_idx`` and, for each present modality, ``meta_keys``).

    Args:
        meta_keys (Sequence[str]): What to keep of each modality.
        only (Sequence[str], optional): Names of the modalities that the model gets;
            others have served the transforms before. Defaults to all.
    """

    def __init__(
        self,
        meta_keys: Sequence[str] = (
            'filename',
            'frame_inds',
            'duration',
            'img_shape',
            'original_shape',
            'crop_quadruple',
            'flip',
        ),
        only: Sequence[str] | None = None,
    ) -> None:
        self.only = only
        self.pack = PackActionInputs(meta_keys=meta_keys)

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Return the packed sample; ``results`` is not modified.

        Raises:
            UnreadableVideo: The values of a modality are not all finite.
            InputError: ``only`` names a modality that the sample does not know.
        """
        modalities = self._wanted(results['modalities'])
        packed = {
            name: self.pack(inner)
            for name, inner in modalities.items()
            if inner is not None
        }
        for name, inner in packed.items():
            if not torch.isfinite(inner['inputs']).all():
                file = modalities[name].get('filename', 'its values')
                raise UnreadableVideo(
                    f'the {name} of sample {results["sample_id"]} has values that '
                    f'are NaN or infinite ({file}): correct the file, or remove '
                    'the modality from the sample'
                )
        data_sample = ActionDataSample(
            metainfo=dict(
                sample_id=results['sample_id'],
                modalities={
                    name: p['data_samples'].metainfo for name, p in packed.items()
                },
            )
        )
        if 'sample_idx' in results:
            data_sample.set_metainfo(dict(sample_idx=results['sample_idx']))
        if 'label' in results:
            data_sample.set_gt_label(results['label'])
        return dict(
            inputs={
                name: packed[name]['inputs'] if name in packed else torch.empty(0)
                for name in modalities
            },
            data_samples=data_sample,
        )

    def _wanted(self, modalities: dict[str, Any]) -> dict[str, Any]:
        """The modalities that the model gets."""
        if self.only is None:
            return modalities
        unknown = sorted(set(self.only) - set(modalities))
        if unknown:
            raise InputError(
                f'PackModalityInputs: only names {", ".join(unknown)}, the data set '
                f'has {", ".join(modalities)}: correct the pipeline'
            )
        return {name: modalities[name] for name in self.only}
