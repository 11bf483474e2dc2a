"""Attention within mask units, and the blocks of Hiera made of it."""

import torch.nn.functional as F
from mmcv.cnn.bricks.drop import DropPath
from torch import Tensor, nn

from .mlp import MLP


def to_mask_units(x: Tensor, unit_size: int, levels: int) -> Tensor:
    """Group the tokens so that pooling is a maximum over neighbours in memory.

    A mask unit is a square of one time slot. Within it the tokens are ordered
    by 2×2 squares of 2×2 squares …: each run of 4 is a square to pool, and
    what remains after pooling is in the same order again.

    Args:
        x (Tensor): B×T×H×W×C; H and W are multiples of ``unit_size``.
        unit_size (int): Side of a unit in tokens, a multiple of 2^levels.
        levels (int): How often the tokens can be pooled.

    Returns:
        Tensor: B×U×M×C with U units of M = unit_size² tokens.
    """
    sides = (-1, unit_size >> levels, *(2,) * levels)
    # H -> units × coarsest side × 2 × … × 2, the same for W
    x = x.unflatten(3, sides).unflatten(2, sides)
    rows = range(2, 2 + len(sides))
    columns = range(2 + len(sides), 2 + 2 * len(sides))
    pairs = [axis for pair in zip(rows, columns) for axis in pair]
    # B×T×(row, column of the unit)×(row, column in it, coarse to fine)×C
    x = x.permute(0, 1, *pairs, x.dim() - 1)
    return x.flatten(4, -2).flatten(1, 3)


def pool_tokens(x: Tensor, stride: int) -> Tensor:
    """Maximum of each run of ``stride`` tokens, …×M×C → …×M/stride×C."""
    return x.unflatten(-2, (-1, stride)).amax(dim=-2)


class MaskUnitAttention(nn.Module):
    """Self-attention within each mask unit or among all tokens.

    Only the queries are pooled: a pooling layer attends to all tokens of the
    finer grid.

    Args:
        in_dims (int): Channels of the input.
        out_dims (int): Channels C of the output.
        num_heads (int): Heads; divides C.
        stride (int): Tokens that are pooled into one; 1: no pooling.
        within_units (bool): Whether tokens attend in their unit only.
    """

    def __init__(
        self,
        in_dims: int,
        out_dims: int,
        num_heads: int,
        stride: int,
        within_units: bool,
    ) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.stride = stride
        self.within_units = within_units
        self.qkv = nn.Linear(in_dims, 3 * out_dims)
        self.proj = nn.Linear(out_dims, out_dims)

    def forward(self, x: Tensor) -> Tensor:
        """Attend.

        Args:
            x (Tensor): Normalised tokens in the order of
                :func:`to_mask_units`, B×U×M×C_in.

        Returns:
            Tensor: B×U×(M/stride)×C.
        """
        batch, units = x.shape[:2]
        # The sets that attend among themselves: (B·U)×M×C or B×(U·M)×C
        x = x.flatten(0, 1) if self.within_units else x.flatten(1, 2)
        # S×L×3C -> 3×S×h×L×d
        query, key, value = (
            self.qkv(x).unflatten(-1, (3, self.num_heads, -1)).permute(2, 0, 3, 1, 4)
        )
        if self.stride > 1:
            query = pool_tokens(query, self.stride)
        out = F.scaled_dot_product_attention(query, key, value)
        # S×h×L×d -> S×L×C -> B×U×M×C
        out = self.proj(out.transpose(1, 2).flatten(2))
        return out.reshape(batch, units, -1, out.shape[-1])


class HieraBlock(nn.Module):
    """Pre-norm transformer block that may pool and widen.

    Parameter names are those of the authors' release.

    Args:
        in_dims (int): Channels of the input.
        out_dims (int): Channels C of the output.
        num_heads (int): Heads; divides C.
        stride (int): Tokens that are pooled into one; 1: no pooling.
        within_units (bool): Whether tokens attend in their unit only.
        drop_path (float): Probability of dropping a residual branch.
    """

    def __init__(
        self,
        in_dims: int,
        out_dims: int,
        num_heads: int,
        stride: int,
        within_units: bool,
        drop_path: float,
    ) -> None:
        super().__init__()
        self.stride = stride
        self.norm1 = nn.LayerNorm(in_dims, eps=1e-6)
        self.attn = MaskUnitAttention(
            in_dims, out_dims, num_heads, stride, within_units
        )
        self.norm2 = nn.LayerNorm(out_dims, eps=1e-6)
        self.mlp = MLP(out_dims)
        self.proj = nn.Linear(in_dims, out_dims) if in_dims != out_dims else None
        self.drop_path = DropPath(drop_path)

    def forward(self, x: Tensor) -> Tensor:
        """B×U×M×C_in → B×U×(M/stride)×C."""
        normed = self.norm1(x)
        if self.proj is not None:
            # The shortcut, too, starts at the normalised tokens.
            x = pool_tokens(self.proj(normed), self.stride)
        x = x + self.drop_path(self.attn(normed))
        return x + self.drop_path(self.mlp(self.norm2(x)))
