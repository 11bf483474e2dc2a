from typing import Any, Dict, Tuple

from mmengine.model import BaseModule

from mmaction.registry import MODELS
from mmaction.utils import OptSampleList
from ..layers import BranchFeatures, add_features


@MODELS.register_module()
class FeatureSum(BaseModule):
    """Feature addition: a head of MMAction2 follows as after one branch."""

    def forward(
        self,
        feats: Dict[str, BranchFeatures],
        data_samples: OptSampleList = None,
    ) -> Tuple[Any, dict]:
        """Add the features of the present modalities.

        Args:
            feats (dict[str, BranchFeatures]): The backbone's output.
            data_samples (list, optional): Not used; MMAction2 passes it.

        Returns:
            tuple[Tensor | tuple | list, dict]: What one branch gives, and no
            auxiliary losses.
        """
        return add_features(feats), {}
