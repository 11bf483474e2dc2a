from typing import Any

from mmaction.registry import MODELS
from mmaction.utils import OptSampleList
from mmengine.model import BaseModule

from mmbimodal.structures import BranchFeatures, add_features


@MODELS.register_module()
class FeatureSum(BaseModule):
    """Feature addition: a head of MMAction2 follows as after one branch."""

    def forward(
        self,
        feats: dict[str, BranchFeatures],
        data_samples: OptSampleList = None,
    ) -> tuple[Any, dict]:
        """Add the features of the present modalities.

        Args:
            feats (dict[str, BranchFeatures]): The backbone's output.
            data_samples (list, optional): Not used; MMAction2 passes it.

        Returns:
            tuple[Tensor | tuple | list, dict]: What one branch gives, and no
            auxiliary losses.
        """
        return add_features(feats), {}
