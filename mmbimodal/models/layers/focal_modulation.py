"""Spatio-temporal focal modulation, and the blocks made of it."""

import torch.nn.functional as F
from mmcv.cnn.bricks.drop import DropPath
from torch import Tensor, nn

from .mlp import MLP

# Kernels of the focal levels: window 3, and 2 more at each level.
KERNEL_SIZES = (3, 5)


def aggregate_context(context: Tensor, gates: Tensor, levels: nn.ModuleList) -> Tensor:
    r"""Sum of ever wider contexts, each position choosing among them.

    .. math::
        \sum_{l=1}^{L} G_l Z_l + G_{L+1}\,\mathrm{GELU}(\overline{Z_L}),
        \quad Z_l = \mathrm{level}_l(Z_{l-1})

    (Focal Modulation Networks, eqs 4 and 5), over time as over space.

    Args:
        context (Tensor): Z_0, N×C×… with one or two axes to aggregate over.
        gates (Tensor): N×(L+1)×….
        levels (nn.ModuleList): L convolutions with their activations.

    Returns:
        Tensor: Of ``context``'s shape.
    """
    *gates, last_gate = gates.split(1, dim=1)
    total = 0
    for level, gate in zip(levels, gates):
        context = level(context)
        total = total + context * gate
    axes = tuple(range(2, context.dim()))
    everywhere = F.gelu(context.mean(dim=axes, keepdim=True))
    return total + everywhere * last_gate


class SpatioTemporalFocalModulation(nn.Module):
    """Queries modulated by the context in the frame and over time.

    The layer of Video-FocalNets. Both contexts start at the same input;
    the convolutions over space are depth-wise, those over time are not.
    Nothing of a forward pass is kept. Parameter names are those of the
    authors' release.

    Args:
        embed_dims (int): Channels C.
    """

    def __init__(self, embed_dims: int) -> None:
        super().__init__()
        num_gates = len(KERNEL_SIZES) + 1
        self.f = nn.Linear(embed_dims, 2 * embed_dims + num_gates)
        self.h = nn.Conv2d(embed_dims, embed_dims, kernel_size=1)
        self.proj = nn.Linear(embed_dims, embed_dims)
        self.f_temporal = nn.Linear(embed_dims, embed_dims + num_gates)
        self.h_temporal = nn.Conv1d(embed_dims, embed_dims, kernel_size=1)
        self.focal_layers = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(
                    embed_dims,
                    embed_dims,
                    kernel_size=size,
                    padding=size // 2,
                    groups=embed_dims,
                    bias=False,
                ),
                nn.GELU(),
            )
            for size in KERNEL_SIZES
        )
        self.focal_layers_temporal = nn.ModuleList(
            nn.Sequential(
                nn.Conv1d(
                    embed_dims,
                    embed_dims,
                    kernel_size=size,
                    padding=size // 2,
                    bias=False,
                ),
                nn.GELU(),
            )
            for size in KERNEL_SIZES
        )

    def forward(self, x: Tensor) -> Tensor:
        """Modulate.

        Args:
            x (Tensor): Normalised tokens of clips, B×T×H×W×C.

        Returns:
            Tensor: B×T×H×W×C.
        """
        batch, frames, rows, columns, channels = x.shape
        query, projected = self.f(x).split(
            (channels, self.f.out_features - channels), dim=-1
        )
        # B×T×H×W×(C+L+1) -> (B·T)×(C+L+1)×H×W, one row per frame
        projected = projected.flatten(0, 1).permute(0, 3, 1, 2)
        spatial = self.h(
            aggregate_context(
                projected[:, :channels], projected[:, channels:], self.focal_layers
            )
        )
        # -> B×T×H×W×C
        spatial = spatial.permute(0, 2, 3, 1).unflatten(0, (batch, frames))

        # B×T×H×W×(C+L+1) -> (B·H·W)×(C+L+1)×T, one row per place
        projected = self.f_temporal(x).permute(0, 2, 3, 4, 1).flatten(0, 2)
        temporal = self.h_temporal(
            aggregate_context(
                projected[:, :channels],
                projected[:, channels:],
                self.focal_layers_temporal,
            )
        )
        # -> B×H×W×C×T -> B×T×H×W×C
        temporal = temporal.unflatten(0, (batch, rows, columns)).permute(0, 4, 1, 2, 3)
        return self.proj(query * spatial * temporal)


class VideoFocalNetBlock(nn.Module):
    """Pre-norm block: modulation, then MLP.

    Stochastic depth drops single frames, as in the authors' training.

    Args:
        embed_dims (int): Channels C.
        drop_path (float): Probability of dropping a residual branch.
    """

    def __init__(self, embed_dims: int, drop_path: float) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(embed_dims)
        self.modulation = SpatioTemporalFocalModulation(embed_dims)
        self.norm2 = nn.LayerNorm(embed_dims)
        self.mlp = MLP(embed_dims)
        self.drop_path = DropPath(drop_path)

    def forward(self, x: Tensor) -> Tensor:
        """B×T×H×W×C → B×T×H×W×C."""
        x = x + self._drop_frames(self.modulation(self.norm1(x)))
        return x + self._drop_frames(self.mlp(self.norm2(x)))

    def _drop_frames(self, x: Tensor) -> Tensor:
        """Stochastic depth with one draw per frame, B×T×H×W×C."""
        return self.drop_path(x.flatten(0, 1)).unflatten(0, x.shape[:2])
