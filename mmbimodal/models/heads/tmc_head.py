from functools import reduce
from typing import Any

import torch
import torch.nn.functional as F
from mmaction.registry import MODELS
from mmaction.utils import SampleList
from mmengine.logging import MessageHub
from torch import Tensor
from torch.distributions import Dirichlet, kl_divergence

from mmbimodal.errors import InputError
from mmbimodal.structures import Branches, present_mean

from .score_fusion_head import ScoreFusionHead


def combine(first: Tensor, second: Tensor) -> Tensor:
    r"""Evidence of two opinions together, …×K.

    The reduced Dempster rule on beliefs :math:`b = e/S` and uncertainty
    :math:`u = K/S` divides by one minus the conflict, which vanishes where
    strong opinions disagree. Put into evidence it is

    .. math:: e = e_1 + e_2 + \frac{e_1 e_2}{K}

    which is associative, so more than two are combined one by one, and leaves
    an opinion without evidence out.
    """
    return first + second + first * second / first.shape[-1]


def dirichlet_divergence(alpha: Tensor) -> Tensor:
    """KL divergence of Dir(α) from the uniform Dir(1), …×K → …."""
    found, uniform = (
        Dirichlet(x, validate_args=False) for x in (alpha, torch.ones_like(alpha))
    )
    return kl_divergence(found, uniform)


def evidential_loss(evidence: Tensor, targets: Tensor, annealing: float) -> Tensor:
    r"""Expected cross-entropy and annealed KL divergence.

    .. math::
        \sum_k y_k (ψ(S) - ψ(α_k)) + λ_t KL[Dir(\tilde α) || Dir(1)], \quad
        α = e + 1, \quad \tilde α = y + (1 - y) α

    Args:
        evidence (Tensor): e, …×K.
        targets (Tensor): y, …×K.
        annealing (float): λ_t.

    Returns:
        Tensor: Loss of each row, …, in the evidence's dtype. It is computed
        in float64: in float32 the terms cancel from evidence of 1e6 on.
    """
    alpha, targets = evidence.double() + 1, targets.double()
    strength = alpha.sum(dim=-1, keepdim=True)
    risk = (targets * (strength.digamma() - alpha.digamma())).sum(dim=-1)
    wrong = targets + (1 - targets) * alpha
    return (risk + annealing * dirichlet_divergence(wrong)).to(evidence.dtype)


def log_expectation(evidence: Tensor) -> Tensor:
    """Logarithm of the expected probabilities α/S, …×K."""
    alpha = evidence + 1
    return alpha.log() - alpha.sum(dim=-1, keepdim=True).log()


@MODELS.register_module()
class TMCHead(ScoreFusionHead):
    """Trusted multi-view classification, evidential fusion of scores.

    `Trusted Multi-View Classification <https://arxiv.org/abs/2102.02051>`_.
    Evidence of each modality, ``softplus`` of its logits, is combined by the
    Dempster–Shafer rule (:func:`combine`); each opinion and the combined one
    have an :func:`evidential_loss` of their own, with weight 1. An absent
    modality gives no evidence and drops out exactly. The score is log α/S.

    Args:
        annealing_epochs (int): Epochs over which the weight of the KL
            divergence rises from 0 to 1. Defaults to 10, as the authors have
            it for RGB-D images.
        kwargs: For :class:`ScoreFusionHead`.

    Raises:
        InputError: ``annealing_epochs`` is not positive.
    """

    def __init__(self, *args: Any, annealing_epochs: int = 10, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if annealing_epochs < 1:
            raise InputError(
                f'TMCHead: annealing_epochs={annealing_epochs} must be 1 or '
                'more; with 1 the KL divergence has full weight from the '
                'second epoch on'
            )
        self.annealing_epochs = annealing_epochs

    def evidence(self, branches: Branches) -> Tensor:
        """Evidence of each modality, B×M×K, 0 where it is absent."""
        return F.softplus(branches.logits) * branches.present[..., None]

    def fuse(self, branches: Branches) -> Tensor:
        """Logarithm of the expected probabilities, B×K."""
        opinions = self.evidence(branches).unbind(dim=1)
        return log_expectation(reduce(combine, opinions))

    def branch_scores(self, branches: Branches) -> Tensor:
        """Logarithm of each opinion's expected probabilities, B×M×K."""
        return log_expectation(self.evidence(branches))

    def fusion_loss(
        self, branches: Branches, targets: Tensor, data_samples: SampleList
    ) -> tuple[Tensor, dict]:
        """Evidential losses of the opinions and of their combination."""
        epoch = MessageHub.get_current_instance().get_info('epoch', 0)
        annealing = min(1.0, epoch / self.annealing_epochs)
        evidence = self.evidence(branches)
        fused = reduce(combine, evidence.unbind(dim=1))
        separate = present_mean(
            evidential_loss(evidence, targets[:, None], annealing), branches.present
        )
        losses = {
            f'{name}/loss_cls': value for name, value in zip(self.modalities, separate)
        }
        losses['loss_cls'] = evidential_loss(fused, targets, annealing).mean()
        return log_expectation(fused), losses
