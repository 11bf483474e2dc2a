from typing import Dict, Tuple

from mmengine.model import BaseModule
from torch import Tensor

from mmaction.registry import MODELS
from mmaction.utils import OptSampleList
from ..layers import ModalityTokens


@MODELS.register_module()
class ClassTokenSum(BaseModule):
    """Feature addition, the baseline's fusion (section 4.3 of the paper)."""

    def forward(
        self,
        feats: Dict[str, ModalityTokens],
        data_samples: OptSampleList = None,
    ) -> Tuple[Tensor, dict]:
        """Add the class tokens of the present modalities.

        Args:
            feats (dict[str, ModalityTokens]): The backbone's output.
            data_samples (list, optional): Not used; MMAction2 passes it.

        Returns:
            tuple[Tensor, dict]: B×C for MMAction2's ``TimeSformerHead``, and
            no auxiliary losses.
        """
        return sum(x.cls_token * x.present[:, None]
                   for x in feats.values()), {}
