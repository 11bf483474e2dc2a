"""One layer of TimeSformer: attention over time, over space, then MLP."""

import torch
import torch.nn.functional as F
from mmcv.cnn.bricks.drop import DropPath
from torch import Tensor, nn

from .linear import Linear, linear
from .mlp import MLP


class Attention(nn.Module):
    """Multi-head self-attention that also returns its queries and keys.

    Args:
        embed_dims (int): Channels C.
        num_heads (int): Heads; divides C.
    """

    def __init__(self, embed_dims: int, num_heads: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.qkv = nn.Linear(embed_dims, 3 * embed_dims)
        self.proj = Linear(embed_dims, embed_dims)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Attend among the tokens of the second dimension.

        Projected one after the other, queries and keys do not keep the
        values in memory, and heads and further dimensions are one dimension
        of the same memory: nothing is copied.

        Args:
            x (Tensor): Normalised tokens, B×K×C or B×K×R×C, where each of R
                regions is on its own.

        Returns:
            tuple[Tensor, Tensor, Tensor]: Output in the shape of the input,
            queries and keys (B×H×K×d, or B×(R·H)×K×d).
        """
        query, key, value = (
            linear(x, weight, bias)
            .unflatten(-1, (self.num_heads, -1))
            .flatten(2, -2)
            .transpose(1, 2)
            for weight, bias in zip(self.qkv.weight.chunk(3), self.qkv.bias.chunk(3))
        )
        out = F.scaled_dot_product_attention(query, key, value)
        out = out.transpose(1, 2).reshape(x.shape)
        return self.proj(out), query, key


class DividedBlock(nn.Module):
    """Divided space–time attention (Bertasius et al., 2021, eqs 11–12).

    Parameter names are those of the authors' release. Stochastic depth drops
    whole samples.

    Args:
        embed_dims (int): Channels C.
        num_heads (int): Heads; divides C.
        drop_path (float): Probability of dropping a residual branch.
        recompute_gelu (bool): See :class:`MLP`.
    """

    def __init__(
        self, embed_dims: int, num_heads: int, drop_path: float, recompute_gelu: bool
    ) -> None:
        super().__init__()
        self.temporal_norm1 = nn.LayerNorm(embed_dims, eps=1e-6)
        self.temporal_attn = Attention(embed_dims, num_heads)
        self.temporal_fc = Linear(embed_dims, embed_dims)
        self.norm1 = nn.LayerNorm(embed_dims, eps=1e-6)
        self.attn = Attention(embed_dims, num_heads)
        self.norm2 = nn.LayerNorm(embed_dims, eps=1e-6)
        self.mlp = MLP(embed_dims, recompute_gelu=recompute_gelu)
        self.drop_path = DropPath(drop_path)

    def forward(
        self, cls_token: Tensor, patches: Tensor
    ) -> tuple[Tensor, Tensor, tuple[Tensor, Tensor]]:
        """One layer.

        Args:
            cls_token (Tensor): B×1×C.
            patches (Tensor): B×T×N×C.

        Returns:
            tuple: Class token (B×1×C), patches (B×T×N×C), and the spatial
            attention's queries and keys, (B·T)×H×(1+N)×d each.
        """
        batch, frames, regions = patches.shape[:3]

        # over T, each of the N regions on its own
        x = self.temporal_attn(self.temporal_norm1(patches))[0]
        patches = patches + self.temporal_fc(self.drop_path(x))

        # (B·T)×(1+N)×C: every frame gets a copy of the class token
        x = torch.cat(
            (cls_token[:, None].expand(-1, frames, -1, -1), patches), dim=2
        ).flatten(0, 1)
        x, query, key = self.attn(self.norm1(x))
        x = self.drop_path(x.unflatten(0, (batch, frames)))
        # its copies are averaged: B×(1+T·N)×C
        x = torch.cat(
            (
                cls_token + x[:, :, 0].mean(dim=1, keepdim=True),
                (patches + x[:, :, 1:]).flatten(1, 2),
            ),
            dim=1,
        )

        x = x + self.drop_path(self.mlp(self.norm2(x)))
        cls_token, patches = x.split((1, frames * regions), dim=1)
        return (
            cls_token,
            patches.unflatten(1, (frames, regions)),
            (query.detach(), key.detach()),
        )
