"""The regions of :class:`SelectedTokens` that are computed."""

from typing import NamedTuple

import torch
from torch import Tensor

from .tokens import SelectedTokens


class Regions(NamedTuple):
    """Regions of f frames: tokens B×f×n×C, their marks B×f×n."""

    tokens: Tensor
    marks: Tensor


def select_regions(feats: SelectedTokens, dense: bool) -> list[Regions]:
    """The regions that are computed, grouped by their number per frame.

    Args:
        feats (SelectedTokens): The neck's output.
        dense (bool): All regions, the dropped ones with the mark 0.

    Returns:
        list[Regions]: ``dense``: one group with all regions of all
        frames; ``gather``: the kept ones of each group.
    """
    if dense:
        return [Regions(feats.patches, feats.marks)]
    num_regions = feats.marks.shape[2]
    tokens, marks = feats.patches.flatten(1, 2), feats.marks.flatten(1)
    selected = []
    for frames, regions in feats.groups:
        # B×f×n, into the F·N regions of all frames
        index = frames[..., None] * num_regions + regions
        # B×f×n -> B×(f·n), and the same for every channel
        shape, index = index.shape[1:], index.flatten(1)
        channels = index[..., None].expand(-1, -1, tokens.shape[-1])
        selected.append(
            Regions(
                tokens.gather(1, channels).unflatten(1, shape),
                marks.gather(1, index).unflatten(1, shape),
            )
        )
    return selected


def flatten_regions(selected: list[Regions]) -> tuple[Tensor, Tensor]:
    """All groups as one sequence: tokens B×R×C, marks B×R."""
    return (
        torch.cat([x.tokens.flatten(1, 2) for x in selected], dim=1),
        torch.cat([x.marks.flatten(1) for x in selected], dim=1),
    )
