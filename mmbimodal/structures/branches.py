"""What the classifiers of the branches say, and averages over the present ones."""

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
