"""Embeddings and kernels of one size for a model of another size."""

import torch.nn.functional as F
from torch import Tensor

from mmbimodal.errors import InputError


def resize_positions(embedding: Tensor, length: int) -> Tensor:
    """Interpolate a row per position linearly, 1×P×C → 1×length×C."""
    # 1×P×C -> 1×C×P -> 1×C×length -> 1×length×C
    rows = embedding.float().transpose(1, 2)
    rows = F.interpolate(rows, length, mode='linear', align_corners=False)
    return rows.transpose(1, 2)


def resize_grid(embedding: Tensor, grid: tuple[int, int]) -> Tensor:
    """Interpolate a row per region of a square grid bicubically.

    Args:
        embedding (Tensor): 1×g²×C, row by row.
        grid (tuple[int, int]): Rows h and columns w of the other grid.

    Returns:
        Tensor: 1×(h·w)×C.

    Raises:
        InputError: The grid of the embedding is not square.
    """
    regions = embedding.shape[1]
    side = round(regions**0.5)
    if side**2 != regions:
        raise InputError(
            f'the checkpoint has position embeddings of {regions} regions, which '
            f'are no square grid, and cannot be resized to {grid[0]}x{grid[1]}: '
            'use the img_size and patch_size that it was trained with'
        )
    # 1×g²×C -> 1×C×g×g -> 1×C×h×w -> 1×(h·w)×C
    rows = embedding.float().transpose(1, 2).unflatten(2, (side, side))
    rows = F.interpolate(rows, grid, mode='bicubic', align_corners=False)
    return rows.flatten(2).transpose(1, 2)


def inflate_kernel(kernel: Tensor, frames: int) -> Tensor:
    """Spread a 2-D kernel over time, O×I×h×w → O×I×frames×h×w.

    Frames that are alike give what one of them gave.
    """
    return kernel[:, :, None].repeat(1, 1, frames, 1, 1) / frames
