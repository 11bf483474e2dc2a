from typing import Any

import torch
import torch.nn.functional as F
from mmaction.registry import MODELS
from mmaction.utils import SampleList
from mmengine.model.weight_init import trunc_normal_init
from torch import Tensor, nn

from mmbimodal.errors import InputError
from mmbimodal.structures import Branches, present_softmax

from .score_fusion_head import ScoreFusionHead, cross_entropy


@MODELS.register_module()
class DynMMHead(ScoreFusionHead):
    r"""Dynamic multimodal fusion at modality level.

    `Dynamic Multimodal Fusion <https://arxiv.org/abs/2204.00102>`_. A gate on
    the features of all modalities weights experts, one for each modality and
    one linear classifier for all of them together:

    .. math::
        w = softmax(g(x)/τ), \quad z = \sum_n w_n E_n(x), \quad
        L = L_{task}(z) + λ \cdot mean_B(w_{all})

    where the cost term is the weight of the expensive expert, as in the
    authors' code. In testing each sample takes the one expert of the largest
    weight. The paper has two or three experts; of M modalities there are
    M + 1. Those that need an absent modality have weight 0.

    Readings: the gate sees the features, not the raw inputs, since both
    branches share a backbone that has run before; so nothing is saved of
    their cost. The paper trains the experts first and then the gate; here
    both are trained at once, so the first step's cross-entropy of each expert
    is added.

    Args:
        cost_weight (float): λ. Defaults to 0.1.
        expert_weight (float): Weight of the experts' own cross-entropies. 0
            is the paper's second step, for experts that ``load_from`` brings.
            Defaults to 1.0.
        temperature (float): τ, 0.1 or more: below, the gate gets no gradient.
            Defaults to 1.0.
        hard (bool): One expert for each sample in training, too, with the
            gradient of the soft weights. Defaults to False.
        hidden_channels (int): Channels of the gate. Defaults to 128.
        kwargs: For :class:`ScoreFusionHead`.

    Raises:
        InputError: ``temperature`` is below 0.1.
    """

    def __init__(
        self,
        *args: Any,
        cost_weight: float = 0.1,
        expert_weight: float = 1.0,
        temperature: float = 1.0,
        hard: bool = False,
        hidden_channels: int = 128,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        if temperature < 0.1:
            raise InputError(
                f'DynMMHead: temperature={temperature} leaves the gate '
                'without gradient: choose 0.1 or more'
            )
        self.cost_weight = cost_weight
        self.expert_weight = expert_weight
        self.temperature = temperature
        self.hard = hard
        self.fc_all = nn.Linear(sum(self.widths.values()), self.num_classes)
        self.gate = nn.Sequential(
            nn.Linear(sum(self.widths.values()), hidden_channels),
            nn.ReLU(),
            nn.Linear(hidden_channels, len(self.modalities) + 1),
        )

    def init_weights(self) -> None:
        """Classifiers alike; the gate keeps torch's initialisation."""
        super().init_weights()
        trunc_normal_init(self.fc_all, std=self.init_std)

    def mix(self, branches: Branches) -> tuple[Tensor, Tensor, Branches]:
        """Weights and mixture of the experts.

        Args:
            branches (Branches): What the classifiers say.

        Returns:
            tuple[Tensor, Tensor, Branches]: Scores B×K, weights B×(M+1), and
            the experts with the one of all modalities as the last.
        """
        x = torch.cat(branches.features, dim=1)
        logits = torch.cat((branches.logits, self.fc_all(x)[:, None]), dim=1)
        present = torch.cat(
            (branches.present, branches.present.all(dim=1, keepdim=True)), dim=1
        )
        weights = present_softmax(self.gate(x) / self.temperature, present)
        if self.hard or not self.training:
            chosen = F.one_hot(weights.argmax(dim=1), weights.shape[1])
            # straight-through: the value of the one, gradient of the other
            weights = chosen + (weights - weights.detach())
        scores = (weights[..., None] * logits).sum(dim=1)
        return scores, weights, Branches([x], logits, present)

    def fuse(self, branches: Branches) -> Tensor:
        """Mixture of the experts' logits, B×K."""
        return self.mix(branches)[0]

    def fusion_loss(
        self, branches: Branches, targets: Tensor, data_samples: SampleList
    ) -> tuple[Tensor, dict]:
        """Losses of mixture, cost and experts; mean weight of each expert."""
        scores, weights, experts = self.mix(branches)
        losses = {
            'loss_cls': cross_entropy(scores, targets).mean(),
            'loss_cost': self.cost_weight * weights[:, -1].mean(),
        }
        names = (*self.modalities, 'all')
        values = self.branch_losses(experts, targets, names)
        losses.update(
            {key: self.expert_weight * value for key, value in values.items()}
        )
        # A gate that always takes the same expert shows here.
        losses.update(
            {
                f'{name}/weight': weight
                for name, weight in zip(names, weights.detach().mean(dim=0))
            }
        )
        return scores, losses
