from collections.abc import Sequence
from typing import Any

import torch
from mmaction.models.utils import Graph, unit_tcn
from mmaction.registry import MODELS
from mmengine.model import BaseModule, Sequential
from torch import Tensor, nn

from mmbimodal.models.layers import AdaptiveGraphConv


@MODELS.register_module()
class AGCN(BaseModule):
    """The graph network of 2s-AGCN (Shi et al., CVPR 2019).

    On the same weights the outputs are those of the authors' code. MMAction2's
    ``AAGCN`` is its successor, which also differs in the graph convolution where its
    attention is off; see :class:`.AdaptiveGraphConv`.

    AMFI-Net takes nine blocks of 64, 128 and 256 channels and one of 512:
    ``inflate_stages=(4, 7, 10)`` and ``down_stages=(4, 7)``.

    Args:
        graph_cfg (dict): Of MMAction2's ``Graph``; ``mode='spatial'`` gives the three
            subsets root, centripetal and centrifugal.
        in_channels (int): C. Defaults to 3.
        base_channels (int): Channels of the first block. Defaults to 64.
        num_stages (int): How many blocks. Defaults to 10.
        inflate_stages (Sequence[int]): Blocks, counted from 1, that double the
            channels. Defaults to (5, 8).
        down_stages (Sequence[int]): Blocks that halve the frames. Defaults to (5, 8).
        num_person (int): M, which the normalisation of the input depends on. Defaults
            to 2.
        init_cfg (dict, optional): Defaults to None.
    """

    def __init__(
        self,
        graph_cfg: dict[str, Any],
        in_channels: int = 3,
        base_channels: int = 64,
        num_stages: int = 10,
        inflate_stages: Sequence[int] = (5, 8),
        down_stages: Sequence[int] = (5, 8),
        num_person: int = 2,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        graph = torch.tensor(Graph(**graph_cfg).A, dtype=torch.float32)  # K×V×V
        self.input_norm = nn.BatchNorm1d(num_person * graph.shape[-1] * in_channels)
        channels = base_channels
        blocks = []
        for stage in range(1, num_stages + 1):
            channels *= 1 + (stage in inflate_stages)
            blocks.append(
                _Block(
                    in_channels,
                    channels,
                    graph,
                    stride=1 + (stage in down_stages),
                    residual=stage > 1,
                )
            )
            in_channels = channels
        self.blocks = Sequential(*blocks)

    def forward(self, x: Tensor) -> Tensor:
        """Extract features.

        Args:
            x (Tensor): Skeletons, B×M×T×V×C.

        Returns:
            Tensor: B×M×C'×T'×V.
        """
        b, m, t, v, c = x.shape
        # B×M×T×V×C -> B×(M·V·C)×T, each joint and coordinate normalised by itself
        x = self.input_norm(x.permute(0, 1, 3, 4, 2).reshape(b, m * v * c, t))
        # B×(M·V·C)×T -> (B·M)×C×T×V
        x = x.reshape(b * m, v, c, t).permute(0, 2, 3, 1)
        x = self.blocks(x)
        return x.reshape(b, m, *x.shape[1:])


class _Block(BaseModule):
    """Graph convolution over joints, 9×1 convolution over time, shortcut.

    Args:
        in_channels (int): C.
        out_channels (int): C'.
        graph (Tensor): K×V×V.
        stride (int): In time.
        residual (bool): False: no shortcut.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        graph: Tensor,
        stride: int,
        residual: bool,
    ) -> None:
        super().__init__()
        self.space = AdaptiveGraphConv(in_channels, out_channels, graph)
        self.time = unit_tcn(out_channels, out_channels, 9, stride=stride)
        self.residual = residual
        self.shortcut: nn.Module = nn.Identity()
        if residual and (in_channels != out_channels or stride != 1):
            self.shortcut = unit_tcn(in_channels, out_channels, 1, stride=stride)

    def forward(self, x: Tensor) -> Tensor:
        """(B·M)×C×T×V to (B·M)×C'×T'×V."""
        y = self.time(self.space(x))
        return (y + self.shortcut(x) if self.residual else y).relu()
