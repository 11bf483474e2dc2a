"""What the classifiers of the branches say, and averages over the present ones."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from mmbimodal.errors import InputError

from .branch_features import BranchFeatures, pool_features


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


def channels_by_name(
    in_channels: int | Mapping[str, int], modalities: Sequence[str], owner: str
) -> dict[str, int]:
    """Channels of each of two or more modalities, as a head's config gives them.

    Args:
        in_channels (int | Mapping[str, int]): Of all modalities or of each.
        modalities (Sequence[str]): Names and order of the modalities.
        owner (str): Class of the head, for the messages.

    Returns:
        dict[str, int]: In the order of ``modalities``.

    Raises:
        InputError: One modality only, or ``in_channels`` names others.
    """
    if len(modalities) < 2:
        raise InputError(
            f'{owner} fuses two or more modalities, cls_head.modalities is '
            f'{list(modalities)}: name more, or use a head of MMAction2'
        )
    if isinstance(in_channels, int):
        in_channels = dict.fromkeys(modalities, in_channels)
    if set(in_channels) != set(modalities):
        raise InputError(
            f'{owner}: in_channels names {sorted(in_channels)}, modalities '
            f'{sorted(modalities)}: correct cls_head in the config'
        )
    return {name: in_channels[name] for name in modalities}


def pool_branches(
    feats: Mapping[str, BranchFeatures],
    widths: Mapping[str, int],
    num_segs: int,
    owner: str,
) -> tuple[list[Tensor], Tensor]:
    """One vector per sample and modality, whatever the branches give.

    Class tokens as they are, maps averaged, pathways side by side, the images of a
    sample averaged.

    Args:
        feats (Mapping[str, BranchFeatures]): The backbone's output.
        widths (Mapping[str, int]): Channels C_m that the head expects.
        num_segs (int): Images of one sample.
        owner (str): Class of the head, for the messages.

    Returns:
        tuple[list[Tensor], Tensor]: Features in the order of ``widths``, each B×C_m,
        float32, zero where the modality is absent; and whether the sample has the
        modality, B×M, bool.

    Raises:
        InputError: The backbone gives other modalities or channels.
    """
    if set(feats) != set(widths):
        raise InputError(
            f'the backbone gives {sorted(feats)}, {owner} expects '
            f'{sorted(widths)}: name the same ones in backbone and in '
            'cls_head.modalities'
        )
    features, present = [], []
    for name, width in widths.items():
        branch = feats[name]
        # A branch that did not run: no row has the modality.
        x = branch.present.new_zeros(branch.present.shape[0], width).float()
        if branch.features is not None:
            x = pool_features(branch.features).float()
        if x.shape[1] != width:
            raise InputError(
                f'{owner}: the features of {name} have {x.shape[1]} channels, '
                f'in_channels says {width}: correct cls_head.in_channels'
            )
        # (B·segments) -> B
        has_modality = branch.present.view(-1, num_segs)[:, 0]
        # (B·segments)×C -> B×C; a backbone may have pooled segments before
        x = x.view(has_modality.shape[0], -1, width).mean(dim=1)
        features.append(torch.where(has_modality[:, None], x, 0.0))
        present.append(has_modality)
    return features, torch.stack(present, dim=1)


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
