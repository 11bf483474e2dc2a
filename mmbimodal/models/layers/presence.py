"""Streams that a sample does not have."""
from typing import Tuple

import torch
from torch import Tensor


def split_presence(inputs: Tensor) -> Tuple[Tensor, Tensor]:
    """Tell absent streams from present ones.

    An absent stream enters the model as NaN in every element: the marker goes
    through collation and normalisation as it is.

    Args:
        inputs (Tensor): Normalised clips (B×C×T×H×W), images or skeletons.

    Returns:
        tuple[Tensor, Tensor]: The input with absent streams set to zero, and
        whether each stream is present (B, bool).
    """
    present = ~inputs[(slice(None), ) + (0, ) * (inputs.ndim - 1)].isnan()
    shape = (-1, ) + (1, ) * (inputs.ndim - 1)
    return torch.where(present.view(shape), inputs, 0.), present
