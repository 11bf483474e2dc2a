from typing import Any

import torch
from mmaction.registry import MODELS
from mmaction.utils import SampleList
from mmengine.dist import all_gather
from torch import Tensor

from mmbimodal.errors import InputError
from mmbimodal.structures import Branches, present_mean

from .score_fusion_head import ScoreFusionHead, cross_entropy


def ranking_loss(
    confidence: Tensor, history: Tensor, present: Tensor, margin_sign: int
) -> Tensor:
    r"""Samples that were harder so far shall be less confident.

    Each sample is compared with the next one of the batch:

    .. math::
        t = sign(κ_j - κ_{j+1}), \quad
        R = mean_j \max(0, t (c_j - c_{j+1}) \pm |κ_j - κ_{j+1}|)

    Args:
        confidence (Tensor): c, B×M.
        history (Tensor): κ in [0, 1], B×M.
        present (Tensor): B×M; pairs of samples that both have it count.
        margin_sign (int): Sign of the last term.

    Returns:
        Tensor: One for each modality, M.
    """
    gap = history - history.roll(-1, 0)
    difference = confidence - confidence.roll(-1, 0)
    values = (gap.sign() * difference + margin_sign * gap.abs()).clamp(min=0)
    return present_mean(values, present & present.roll(-1, 0))


@MODELS.register_module()
class QMFHead(ScoreFusionHead):
    r"""Quality-aware multimodal fusion: weights from energies.

    `Provable Dynamic Fusion for Low-Quality Multimodal Data
    <https://arxiv.org/abs/2306.02050>`_.

    .. math::
        c_m = 0.1 \ln \sum_k e^{z_{mk}}, \quad z = \sum_m c_m z_m

    with the cross-entropies of branches and fusion and λ times
    :func:`ranking_loss`. As in the authors' RGB-D code the weights carry
    gradient and are not normalised. Readings: a negative confidence would
    turn a modality's vote round and counts as 0, like that of an absent
    modality.

    The ranking needs the sum of the losses that each training sample has had,
    by its ``sample_idx`` in the data set. These sums are a buffer: it grows
    with the indices that come, is the same in all processes, and is saved and
    resumed with the checkpoint.

    Args:
        rank_weight (float): λ. Defaults to 0.1.
        margin_sign (int): ``-1``, the margin is a tolerance as in the
            authors' code; ``1``, a margin as in the paper's reference for
            this loss. Defaults to -1.
        kwargs: For :class:`ScoreFusionHead`.

    Raises:
        InputError: ``margin_sign`` is something else.
    """

    history: Tensor

    def __init__(
        self, *args: Any, rank_weight: float = 0.1, margin_sign: int = -1, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        if margin_sign not in (-1, 1):
            raise InputError(f'QMFHead: margin_sign={margin_sign} must be -1 or 1')
        self.rank_weight = rank_weight
        self.margin_sign = margin_sign
        # N×M
        self.register_buffer('history', torch.zeros(0, len(self.modalities)))

    def confidence(self, branches: Branches) -> Tensor:
        """Confidence of each modality, B×M."""
        return 0.1 * branches.logits.logsumexp(dim=-1)

    def fuse(self, branches: Branches) -> Tensor:
        """Weighted sum of the logits, B×K."""
        weights = self.confidence(branches).clamp(min=0) * branches.present
        return (weights[..., None] * branches.logits).sum(dim=1)

    def fusion_loss(
        self, branches: Branches, targets: Tensor, data_samples: SampleList
    ) -> tuple[Tensor, dict]:
        """Cross-entropies and the ranking of the confidences."""
        scores = self.fuse(branches)
        losses = self.branch_losses(branches, targets)
        losses['loss_cls'] = cross_entropy(scores, targets).mean()
        indices = self._indices(data_samples)
        self._reserve(max(indices) + 1)
        index = torch.tensor(indices, device=self.history.device)
        rank = ranking_loss(
            self.confidence(branches),
            self.recall(index),
            branches.present,
            self.margin_sign,
        )
        losses['loss_rank'] = self.rank_weight * rank.sum()
        self.remember(
            index, cross_entropy(branches.logits, targets[:, None]) * branches.present
        )
        return scores, losses

    def recall(self, index: Tensor) -> Tensor:
        """History of some samples, scaled to [0, 1] over all, B×M."""
        low = self.history.amin(dim=0)
        width = self.history.amax(dim=0) - low
        # all equal, as before the first step: nobody is harder than others
        return (self.history[index] - low) / torch.where(width > 0, width, 1.0)

    @torch.no_grad()
    def remember(self, index: Tensor, values: Tensor) -> None:
        """Add the losses of a batch (B×M), in all processes."""
        gathered = all_gather(index)
        if len(gathered) > 1:
            # The host has to wait for the other processes' samples.
            self._reserve(int(torch.cat(gathered).max()) + 1)
        values = torch.cat(all_gather(values.detach()))
        self.history.index_add_(0, torch.cat(gathered), values)

    def _reserve(self, size: int) -> None:
        """Rows for at least ``size`` samples."""
        missing = size - len(self.history)
        if missing > 0:
            self.history = torch.cat(
                (self.history, self.history.new_zeros(missing, self.history.shape[1]))
            )

    def _indices(self, data_samples: SampleList) -> list[int]:
        """Indices of the samples in the data set, B."""
        if any('sample_idx' not in x.metainfo for x in data_samples):
            raise InputError(
                'QMFHead: the data samples have no sample_idx, by which it '
                'keeps the history of each: use PairedDataset and '
                'PackModalityInputs, or let your own transforms hand it on'
            )
        return [x.metainfo['sample_idx'] for x in data_samples]

    def _load_from_state_dict(
        self, state_dict: dict[str, Any], prefix: str, *args: Any, **kwargs: Any
    ) -> None:
        """Take the size of the history from the checkpoint."""
        saved = state_dict.get(f'{prefix}history')
        if saved is not None:
            self.history = self.history.new_zeros(saved.shape)
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)
