from typing import Any

from mmaction.registry import MODELS
from mmaction.utils import OptSampleList
from mmengine.model import BaseModule

from mmbimodal.structures import (
    BranchFeatures,
    add_features,
    broadcast_rows,
    map_tensors,
)


@MODELS.register_module()
class FeatureMean(BaseModule):
    """Mean of the features of the present modalities.

    Unlike a sum it does not shrink where a modality is absent.
    """

    def forward(
        self,
        feats: dict[str, BranchFeatures],
        data_samples: OptSampleList = None,
    ) -> tuple[Any, dict]:
        """Average the features of the present modalities.

        Args:
            feats (dict[str, BranchFeatures]): The backbone's output.
            data_samples (list, optional): Not used; MMAction2 passes it.

        Returns:
            tuple[Tensor | tuple | list, dict]: What one branch gives, and no
            auxiliary losses.
        """
        count = sum(x.present.int() for x in feats.values()).clamp(min=1)
        return map_tensors(
            lambda x: x / broadcast_rows(count, x), add_features(feats)
        ), {}
