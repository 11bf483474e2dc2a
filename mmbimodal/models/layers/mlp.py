"""The feed-forward network of a ViT block."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks

from .linear import Linear

Saved = Tensor | tuple[torch.Size, tuple[int, ...]]


class MLP(nn.Module):
    """Linear, GELU, linear.

    Args:
        embed_dims (int): Channels C.
        ratio (int): Hidden channels as a multiple of C. Defaults to 4.
        lean (bool): Compute GELU again in the backward pass instead of
            keeping its output beside its input: the same gradients, a sixth
            of a layer's memory less. Defaults to False.
    """

    def __init__(self, embed_dims: int, ratio: int = 4, lean: bool = False) -> None:
        super().__init__()
        self.lean = lean
        self.fc1 = Linear(embed_dims, ratio * embed_dims)
        self.act = nn.GELU()
        self.fc2 = Linear(ratio * embed_dims, embed_dims)

    def forward(self, x: Tensor) -> Tensor:
        """…×C → …×C."""
        hidden = self.fc1(x)
        active = self.act(hidden)
        if not (self.lean and torch.is_grad_enabled()):
            return self.fc2(active)
        with saved_tensors_hooks(*self._recompute(hidden, active)):
            return self.fc2(active)

    def _recompute(
        self, hidden: Tensor, active: Tensor
    ) -> tuple[Callable[[Tensor], Saved], Callable[[Saved], Tensor]]:
        """What the backward pass gets in place of ``active``."""
        place = active.data_ptr()
        source = hidden.detach()

        def pack(saved: Tensor) -> Saved:
            if saved.data_ptr() == place:
                return saved.shape, saved.stride()
            return saved

        def unpack(saved: Saved) -> Tensor:
            if isinstance(saved, Tensor):
                return saved
            with torch.no_grad():
                return self.act(source).as_strided(*saved)

        return pack, unpack
