"""Rankings whose ties are settled by a rule."""

from collections.abc import Sequence

import torch
from torch import Tensor

# torch 2.7 and later
_is_exporting = getattr(torch.compiler, 'is_exporting', lambda: False)


def descending_order(values: Tensor, k: int | None = None) -> Tensor:
    """Indices of the k largest values; of equal ones, the lower index first.

    An exported graph has ``topk`` instead of a stable sort, for which ONNX has
    no operator. ONNX defines the same rule for ties in its ``TopK``.

    Args:
        values (Tensor): …×F.
        k (int, optional): How many. Defaults to F.

    Returns:
        Tensor: …×k.
    """
    if _is_exporting():
        return values.topk(values.shape[-1] if k is None else k, dim=-1).indices
    return values.argsort(dim=-1, descending=True, stable=True)[..., :k]


def alternating_order(num_frames: Sequence[int]) -> list[int]:
    """Frames of all modalities in the order of time, no modality always first.

    Of frames with equal scores the first in this order is taken. Where two
    modalities have a frame at the same time, they take turns in being first.

    Args:
        num_frames (Sequence[int]): Frames of each modality.

    Returns:
        list[int]: Permutation of the F frames, which are numbered modality by
        modality. For two modalities of 3 frames: 0, 3, 4, 1, 2, 5.
    """
    last = len(num_frames) - 1
    places, start = [], 0
    for i, count in enumerate(num_frames):
        places += [
            (t / count, last - i if t % 2 else i, start + t) for t in range(count)
        ]
        start += count
    return [frame for *_, frame in sorted(places)]
