"""Streams that a sample does not have."""

from collections.abc import Sequence

import torch
from torch import Tensor

from mmbimodal.errors import InputError


def split_presence(
    inputs: dict[str, Tensor], modalities: Sequence[str]
) -> dict[str, tuple[Tensor, Tensor]]:
    """Tell absent streams from present ones.

    An absent stream enters the model as NaN in every element: the marker goes
    through collation and normalisation as it is.

    Args:
        inputs (dict[str, Tensor]): Normalised clips (B×C×T×H×W), images or
            skeletons by modality.
        modalities (Sequence[str]): Names that the backbone has.

    Returns:
        dict[str, tuple[Tensor, Tensor]]: In the order of the names: the
        input with absent streams set to zero, and whether each stream is
        present (B, bool).

    Raises:
        InputError: The modalities are not those of the backbone.
    """
    if set(inputs) != set(modalities):
        raise InputError(
            f'the batch holds the modalities {sorted(inputs)}, the backbone '
            f'has {sorted(modalities)}: name the same ones in the data set '
            'and in backbone'
        )
    return {name: _split(inputs[name]) for name in modalities}


def _split(inputs: Tensor) -> tuple[Tensor, Tensor]:
    present = ~inputs[(slice(None),) + (0,) * (inputs.ndim - 1)].isnan()
    shape = (-1,) + (1,) * (inputs.ndim - 1)
    return torch.where(present.view(shape), inputs, 0.0), present
