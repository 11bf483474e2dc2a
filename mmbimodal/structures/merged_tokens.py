"""From one structure per modality to one sequence of frames."""

import math
from functools import reduce

import torch
from torch import Tensor

from .tokens import FrameGroup, ModalityTokens


def merge_modalities(feats: dict[str, ModalityTokens]) -> ModalityTokens:
    """Concatenate the frames of all modalities; add their class tokens.

    Args:
        feats (dict[str, ModalityTokens]): One entry per modality.

    Returns:
        ModalityTokens: ``cls_token`` is the sum over the present modalities,
        B×C; ``patches``, ``saliency`` and ``present`` (now per frame, B×F)
        run over the F frames of all modalities, modality by modality.
    """
    tokens = feats.values()
    cls_token = reduce(torch.add, (x.cls_token * x.present[:, None] for x in tokens))
    present = [x.present[:, None].expand(x.patches.shape[:2]) for x in tokens]
    saliency = [x.saliency for x in tokens if x.saliency is not None]
    return ModalityTokens(
        cls_token,
        torch.cat([x.patches for x in tokens], dim=1),
        torch.cat(saliency, dim=1) if saliency else None,
        torch.cat(present, dim=1),
    )


def num_kept(total: int, share: float) -> int:
    """``share`` of ``total``, to the nearest whole number (half up), at least 1."""
    return max(1, math.floor(total * share + 0.5))


def frame_group(frames: Tensor, region_order: Tensor, num_regions: int) -> FrameGroup:
    """The best regions of some frames.

    Args:
        frames (Tensor): Indices of frames, B×f.
        region_order (Tensor): Regions of every frame from the most to the
            least salient, B×F×N.
        num_regions (int): How many are kept, n.

    Returns:
        FrameGroup: Both sorted, so that tokens keep their order.
    """
    frames = frames.sort(dim=1).values
    index = frames[..., None].expand(-1, -1, num_regions)
    regions = region_order[..., :num_regions].gather(1, index)
    return FrameGroup(frames, regions.sort(dim=2).values)
