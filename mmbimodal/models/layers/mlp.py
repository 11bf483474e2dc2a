"""The feed-forward network of a ViT block."""
from torch import Tensor, nn

from .linear import Linear


class MLP(nn.Module):
    """Linear, GELU, linear.

    Args:
        embed_dims (int): Channels C.
        ratio (int): Hidden channels as a multiple of C. Defaults to 4.
    """

    def __init__(self, embed_dims: int, ratio: int = 4) -> None:
        super().__init__()
        self.fc1 = Linear(embed_dims, ratio * embed_dims)
        self.act = nn.GELU()
        self.fc2 = Linear(ratio * embed_dims, embed_dims)

    def forward(self, x: Tensor) -> Tensor:
        """…×C → …×C."""
        return self.fc2(self.act(self.fc1(x)))
