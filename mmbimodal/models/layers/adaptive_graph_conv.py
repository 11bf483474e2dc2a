import math

import torch
from mmengine.model import BaseModule, kaiming_init
from torch import Tensor, nn


class AdaptiveGraphConv(BaseModule):
    r"""The adaptive graph convolution of 2s-AGCN, over the joints of one frame.

    Each subset k of the graph has three matrices:

    .. math:: y = \sum_k W_k \, x \, (A_k + B_k + C_k)

    A is the graph and stays as it is. B is learned and starts at 1e-6. C is of the
    sample: a softmax over the joints that a joint gathers from. Source: Shi et al.,
    CVPR 2019, eqs 3 and 4; AMFI-Net, eq. 6. MMAction2's ``unit_aagcn`` learns A + B as
    one matrix, and C has a tanh and a learned factor there.

    Args:
        in_channels (int): C.
        out_channels (int): C'.
        graph (Tensor): A, K×V×V; column w holds what joint w gathers.
    """

    def __init__(self, in_channels: int, out_channels: int, graph: Tensor) -> None:
        super().__init__()
        subsets = len(graph)
        # The embedding has a quarter of the channels, as the authors' code has.
        embedding = subsets * (out_channels // 4)
        self.num_subsets = subsets
        self.register_buffer('graph', graph)
        self.offset = nn.Parameter(torch.full_like(graph, 1e-6))  # B
        self.theta = nn.Conv2d(in_channels, embedding, 1)
        self.phi = nn.Conv2d(in_channels, embedding, 1)
        self.value = nn.Conv2d(
            subsets * in_channels, subsets * out_channels, 1, groups=subsets
        )
        self.norm = nn.BatchNorm2d(out_channels)
        self.shortcut: nn.Module = nn.Identity()
        if in_channels != out_channels:
            self.shortcut = nn.Sequential(
                nn.Conv2d(in_channels, out_channels, 1), nn.BatchNorm2d(out_channels)
            )

    def init_weights(self) -> None:
        """Initialise as the authors do: at the start only the shortcut speaks."""
        super().init_weights()
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                kaiming_init(module, mode='fan_out', nonlinearity='leaky_relu')
        # The subsets are summed: their variance is shared among them.
        nn.init.normal_(self.value.weight, 0, math.sqrt(2 / self.value.weight.numel()))
        nn.init.constant_(self.norm.weight, 1e-6)

    def adjacency(self, x: Tensor) -> Tensor:
        """A + B + C of each sample.

        Args:
            x (Tensor): N×C×T×V.

        Returns:
            Tensor: N×K×V×V. The columns of C sum to 1.
        """
        n, _, _, v = x.shape
        # N×(K·C'/4)×T×V -> N×K×(C'/4·T)×V
        theta, phi = (
            convolution(x).reshape(n, self.num_subsets, -1, v)
            for convolution in (self.theta, self.phi)
        )
        similarity = theta.transpose(-1, -2) @ phi / theta.shape[-2]  # N×K×V×V
        return self.graph + self.offset + similarity.softmax(dim=-2)

    def forward(self, x: Tensor) -> Tensor:
        """Convolve.

        Args:
            x (Tensor): N×C×T×V.

        Returns:
            Tensor: N×C'×T×V.
        """
        n, c, t, v = x.shape
        # N×1×(C·T)×V @ N×K×V×V -> N×K×(C·T)×V -> N×(K·C)×T×V
        gathered = x.reshape(n, 1, c * t, v) @ self.adjacency(x)
        values = self.value(gathered.reshape(n, -1, t, v))
        # N×(K·C')×T×V -> N×C'×T×V
        y = values.reshape(n, self.num_subsets, -1, t, v).sum(dim=1)
        return (self.norm(y) + self.shortcut(x)).relu()
