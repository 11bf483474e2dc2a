from typing import Any

import torch
import torch.nn.functional as F
from mmaction.registry import MODELS
from mmaction.utils import SampleList
from mmcv.cnn import build_activation_layer
from torch import Tensor, nn

from mmbimodal.structures import Branches, present_mean, present_softmax

from .score_fusion_head import ScoreFusionHead, cross_entropy


def holo_confidence(log_confidence: Tensor, present: Tensor) -> Tensor:
    r"""Confidence of a modality by the doubt in the others, B×M.

    .. math::
        h_m = \frac{\sum_{j \ne m} \ln p_j}{(M - 1) \sum_j \ln p_j}

    over the present modalities; it adds up to 1. With two this is the paper's
    :math:`h_1 = \ln p_2 / \ln (p_1 p_2)`, from ln p rather than from p, which
    underflows.
    """
    # A confidence of exactly 1 has the limit of equal ones.
    tiny = torch.finfo(log_confidence.dtype).tiny
    values = log_confidence.clamp(max=-tiny) * present
    total = values.sum(dim=1, keepdim=True).clamp(max=-tiny)
    others = (present.sum(dim=1, keepdim=True) - 1).clamp(min=1)
    return (total - values) / (others * total)


def calibration(logits: Tensor, present: Tensor) -> Tensor:
    r"""Trust in each modality relative to the surest, B×M.

    .. math::
        D_m = \frac{1}{K} \sum_k |softmax(z_m)_k - 1/K|, \quad
        r_m = D_m / \max_j D_j

    With two modalities the surer one has 1 and the other the ratio of the
    two. Where all are uniform, all have 1.
    """
    probs = logits.softmax(dim=-1)
    deviation = (probs - 1 / probs.shape[-1]).abs().mean(dim=-1) * present
    largest = deviation.max(dim=1, keepdim=True).values
    return torch.where(
        largest > 0, deviation / largest.clamp(min=torch.finfo(largest.dtype).tiny), 1.0
    )


@MODELS.register_module()
class PDFHead(ScoreFusionHead):
    r"""Predictive dynamic fusion: weights from predicted confidence.

    `Predictive Dynamic Fusion <https://arxiv.org/abs/2406.04802>`_. A small
    network for each modality predicts, from features that it cannot change,
    the probability p_m that the modality gives to the true class
    (mono-confidence). With holo-confidence h_m and calibration r_m

    .. math::
        w = softmax_m(r_m (p_m + h_m)), \quad z = \sum_m w_m z_m

    where r_m = 1 in training, as in the authors' code. The weights are
    constants to the gradient, so the networks learn only from the absolute
    error of p_m. Losses: the cross-entropies of branches and fusion and the
    absolute errors, with weight 1 each. The weights are renormalised over the
    present modalities.

    Args:
        act_cfg (dict, optional): Activation between the three linear layers
            of a confidence network. None: none, as in the authors' code.
            Defaults to None.
        kwargs: For :class:`ScoreFusionHead`.
    """

    def __init__(self, *args: Any, act_cfg: dict | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)

        def activation() -> nn.Module:
            return build_activation_layer(act_cfg) if act_cfg else (nn.Identity())

        self.confidence = nn.ModuleDict(
            {
                name: nn.Sequential(
                    nn.Linear(width, 2 * width),
                    activation(),
                    nn.Linear(2 * width, width),
                    activation(),
                    nn.Linear(width, 1),
                )
                for name, width in self.widths.items()
            }
        )

    def log_confidence(self, branches: Branches) -> Tensor:
        """Logarithm of the predicted confidences p, B×M."""
        outputs = [
            self.confidence[name](x.detach())
            for name, x in zip(self.modalities, branches.features)
        ]
        return F.logsigmoid(torch.cat(outputs, dim=1))

    @torch.no_grad()
    def weights(self, branches: Branches, log_confidence: Tensor) -> Tensor:
        """Weights of the modalities, B×M."""
        belief = log_confidence.exp() + holo_confidence(
            log_confidence, branches.present
        )
        if not self.training:
            belief = belief * calibration(branches.logits, branches.present)
        return present_softmax(belief, branches.present)

    def fuse(self, branches: Branches) -> Tensor:
        """Weighted sum of the logits, B×K."""
        weights = self.weights(branches, self.log_confidence(branches))
        return (weights[..., None] * branches.logits).sum(dim=1)

    def fusion_loss(
        self, branches: Branches, targets: Tensor, data_samples: SampleList
    ) -> tuple[Tensor, dict]:
        """Cross-entropies, and absolute errors of the confidences."""
        log_confidence = self.log_confidence(branches)
        weights = self.weights(branches, log_confidence)
        scores = (weights[..., None] * branches.logits).sum(dim=1)
        losses = self.branch_losses(branches, targets)
        losses['loss_cls'] = cross_entropy(scores, targets).mean()
        # B×M: probability of the true class
        truth = (
            (branches.logits.softmax(dim=-1) * targets[:, None]).sum(dim=-1).detach()
        )
        errors = present_mean((log_confidence.exp() - truth).abs(), branches.present)
        losses.update(
            {
                f'{name}/loss_confidence': value
                for name, value in zip(self.modalities, errors)
            }
        )
        return scores, losses
