"""Which modalities the samples of a batch have, and rows without the others.

Absence is a flag that travels with the sample: the metainfo of its data sample
names the modalities it has (``modalities``). Pixels never say it.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch
from mmaction.utils import OptSampleList
from torch import Tensor

from mmbimodal.errors import InputError

# Modality → whether each row of a batch has it. On the host, so that a device
# does not have to answer before the rows can be chosen.
Presence = dict[str, list[bool]]


def presence_of(
    data_samples: OptSampleList, modalities: Iterable[str], rows_per_sample: int = 1
) -> Presence | None:
    """Which row of a batch has which modality.

    Args:
        data_samples (list[ActionDataSample], optional): N samples. One whose
            metainfo has no ``modalities`` has all of them.
        modalities (Iterable[str]): Names of the modalities.
        rows_per_sample (int): Views or images of a sample. Defaults to 1.

    Returns:
        dict[str, list[bool]] | None: N·rows_per_sample flags for each
        modality; None where nothing is absent.

    Raises:
        InputError: A sample has none of the modalities.
    """
    names = list(modalities)
    found = [x.metainfo.get('modalities', names) for x in data_samples or ()]
    for sample, has in zip(data_samples or (), found):
        if not set(names) & set(has):
            raise InputError(
                f'sample {sample.metainfo.get("sample_id", "")} has none of the '
                f'modalities {", ".join(names)}: remove it from the annotation'
            )
    if all(name in sample for sample in found for name in names):
        return None
    return {
        name: [name in sample for sample in found for _ in range(rows_per_sample)]
        for name in names
    }


def check_modalities(inputs: Mapping[str, Any], modalities: Sequence[str]) -> None:
    """A batch and a backbone name the same modalities.

    Raises:
        InputError: They do not.
    """
    if set(inputs) != set(modalities):
        raise InputError(
            f'the batch holds the modalities {sorted(inputs)}, the backbone '
            f'has {sorted(modalities)}: name the same ones in the data set '
            'and in backbone'
        )


def present_rows(
    inputs: Tensor, present: Sequence[bool] | None, shape: Sequence[int] = ()
) -> Tensor:
    """The rows that have the modality, B×… → n×….

    Args:
        inputs (Tensor): B×….
        present (Sequence[bool], optional): B flags; None: all.
        shape (Sequence[int]): Shape of a row, for batches in which no row has
            the modality. Defaults to that of ``inputs``.

    Returns:
        Tensor: n×…, n from 0 to B.
    """
    if present is None or all(present):
        return inputs
    if not any(present):
        return inputs.new_zeros(0, *(shape or inputs.shape[1:]))
    return inputs[_indices(present, inputs.device)]


def scatter_rows(features: Tensor, present: Sequence[bool] | None) -> Tensor:
    """Features of the present rows in their places, n×… → B×…; zero elsewhere.

    A branch that pools the images of a sample gives fewer rows than came in.
    """
    if present is None or all(present):
        return features
    images = sum(present) // max(len(features), 1) or 1
    flags = present[::images]
    # n×… -> B×…
    full = features.new_zeros(len(flags), *features.shape[1:])
    return full.index_copy(0, _indices(flags, features.device), features)


def to_mask(present: Sequence[bool] | None, batch: int, device: torch.device) -> Tensor:
    """The flags of B rows as a tensor, B, bool."""
    if present is None:
        return torch.ones(batch, dtype=torch.bool, device=device)
    return torch.tensor(present, dtype=torch.bool, device=device)


def without_modalities(packed: dict[str, Any], absent: Iterable[str]) -> dict[str, Any]:
    """A packed sample that lacks some modalities; the original is unchanged.

    Args:
        packed (dict): ``inputs`` and ``data_samples`` of one sample.
        absent (Iterable[str]): Names of modalities.

    Returns:
        dict: As ``PackModalityInputs`` packs a sample without them.
    """
    absent = set(absent)
    sample = packed['data_samples'].clone()
    modalities = sample.metainfo['modalities']
    sample.set_metainfo(
        dict(modalities={k: x for k, x in modalities.items() if k not in absent})
    )
    inputs = {
        name: torch.empty(0) if name in absent else x
        for name, x in packed['inputs'].items()
    }
    return dict(packed, inputs=inputs, data_samples=sample)


def _indices(present: Sequence[bool], device: torch.device) -> Tensor:
    indices = [i for i, x in enumerate(present) if x]
    return torch.tensor(indices, dtype=torch.long, device=device)
