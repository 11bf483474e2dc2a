"""The feed-forward network of a ViT block."""

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from .linear import Linear


class MLP(nn.Module):
    """Linear, GELU, linear.

    Args:
        embed_dims (int): Channels C.
        ratio (int): Hidden channels as a multiple of C. Defaults to 4.
        recompute_gelu (bool): Compute GELU again in the backward pass instead
            of keeping its output beside its input: the same gradients, a
            sixth of a layer's memory less. Defaults to False.
    """

    def __init__(
        self, embed_dims: int, ratio: int = 4, recompute_gelu: bool = False
    ) -> None:
        super().__init__()
        self.recompute_gelu = recompute_gelu
        self.fc1 = Linear(embed_dims, ratio * embed_dims)
        self.act = nn.GELU()
        self.fc2 = Linear(ratio * embed_dims, embed_dims)

    def forward(self, x: Tensor) -> Tensor:
        """…×C → …×C."""
        hidden = self.fc1(x)
        # A compiler chooses by itself what it computes again.
        if (
            self.recompute_gelu
            and torch.is_grad_enabled()
            and not torch.compiler.is_compiling()
        ):
            # Recomputation stops at the input of fc2, the last tensor that
            # the backward pass asks for: its product is not computed twice.
            return checkpoint(
                self._project, hidden, use_reentrant=False, preserve_rng_state=False
            )
        return self._project(hidden)

    def _project(self, hidden: Tensor) -> Tensor:
        """…×(ratio·C) → …×C."""
        return self.fc2(self.act(hidden))
