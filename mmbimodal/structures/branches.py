"""What the classifiers of the branches say, and averages over the present ones."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor


class Branches(NamedTuple):
    """What the classifiers of M modalities say, in the config's order.

    Args:
        features (list[Tensor]): Pooled features, each B×C_m, zero where the
            modality is absent.
        logits (Tensor): B×M×K; of no meaning where it is absent.
        present (Tensor): Whether the sample has the modality, B×M, bool.
    """

    features: list[Tensor]
    logits: Tensor
    present: Tensor


def present_mean(values: Tensor, present: Tensor) -> Tensor:
    """Mean over the samples that have the modality, B×M → M; 0 of none."""
    return (values * present).sum(dim=0) / present.sum(dim=0).clamp(min=1)


def present_softmax(values: Tensor, present: Tensor) -> Tensor:
    """Weights of the present ones, B×M; equal ones where none is present."""
    lowest = torch.finfo(values.dtype).min
    return values.masked_fill(~present, lowest).softmax(dim=1)


def top_k_accuracy(
    scores: Tensor, labels: Tensor, topk: Sequence[int], present: Tensor | None = None
) -> list[Tensor]:
    """MMAction2's ``top_k_accuracy`` on the device, without a wait for it.

    Args:
        scores (Tensor): B×K.
        labels (Tensor): Classes, B.
        topk (Sequence[int]): Each k.
        present (Tensor, optional): Which samples count, B. Defaults to all.

    Returns:
        list[Tensor]: Share of the counted samples whose class is among the k
        highest scores, for each k; 0 of none.
    """
    if present is None:
        present = torch.ones_like(labels, dtype=torch.bool)
    # B×K, the class of the highest score last; NaN counts as the highest
    hits = scores.detach().argsort(dim=1, stable=True) == labels[:, None]
    return [present_mean(hits[:, -k:].any(dim=1).float(), present) for k in topk]
