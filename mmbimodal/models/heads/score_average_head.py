import torch
from mmaction.registry import MODELS
from mmaction.utils import SampleList
from torch import Tensor

from mmbimodal.structures import Branches

from .score_fusion_head import ScoreFusionHead


@MODELS.register_module()
class ScoreAverageHead(ScoreFusionHead):
    r"""Average of the branches' probabilities (Table 2).

    .. math::
        p = \frac{1}{M} \sum_m softmax(z_m)

    over the present modalities. Each branch learns from a cross-entropy of
    its own; nothing is learnt of the fusion.
    """

    def fuse(self, branches: Branches) -> Tensor:
        """Logarithm of the mean probabilities, B×K."""
        scores = branches.logits.log_softmax(dim=-1)
        lowest = torch.finfo(scores.dtype).min
        # The number of present modalities cancels in the softmax that follows.
        return (
            scores.masked_fill(~branches.present[..., None], lowest)
            .logsumexp(dim=1)
            .log_softmax(dim=-1)
        )

    def fusion_loss(
        self, branches: Branches, targets: Tensor, data_samples: SampleList
    ) -> tuple[Tensor, dict]:
        """Cross-entropy of each branch."""
        return self.fuse(branches), self.branch_losses(branches, targets)
