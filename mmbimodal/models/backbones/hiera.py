import math
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from mmaction.registry import MODELS
from mmengine.model import BaseModule
from mmengine.model.weight_init import trunc_normal_
from mmengine.utils import to_2tuple
from torch import Tensor, nn

from mmbimodal.errors import InputError

from ..layers.mask_unit_attention import HieraBlock, to_mask_units
from ..weights import load_init_cfg, to_hiera_layout


@MODELS.register_module()
class Hiera(BaseModule):
    r"""Hiera for video.

    `Hiera: A Hierarchical Vision Transformer without the Bells-and-Whistles
    <https://arxiv.org/abs/2306.00989>`_ (Ryali et al., ICML 2023), without
    classifier and without its softmax: a linear head such as
    ``TimeSformerHead`` follows. After the authors' implementation
    (https://github.com/facebookresearch/hiera, Apache-2.0), whose parameter
    names are kept. **The authors' weights are licensed CC-BY-NC 4.0**: not
    for commercial use.

    Attention stays within mask units in the first two stages and is global
    later. It lags one block: the block that pools into the third stage is
    still local. Each stage after the first doubles channels and heads, and
    the first ``q_pool`` of them halve rows and columns.

    Args:
        arch (str | dict): 'tiny', 'small', 'base', 'base_plus', 'large', or a
            dict of ``embed_dims`` (channels of the first stage),
            ``num_heads`` (of the first stage) and ``depths`` (blocks of each
            stage). Defaults to 'base'. The authors trained tiny and small on
            images only.
        num_frames (int): Frames T of a clip, a multiple of
            ``temporal_stride``. Defaults to 16.
        img_size (int | tuple[int, int]): Height and width of the input in
            pixels, multiples of ``spatial_stride`` × ``mask_unit_size``, 32
            by default; one number: a square. Defaults to 224.
        temporal_stride (int): Frames from one token to the next. Defaults to
            2.
        spatial_stride (int): Pixels from one token to the next. Defaults to
            4.
        mask_unit_size (int): Side of a mask unit in tokens, a multiple of
            2^q_pool. Defaults to 8.
        q_pool (int): Stages that start with pooling. Defaults to 3.
        drop_path_rate (float): Stochastic depth of the last block; grows
            linearly from 0. Defaults to 0.
        init_std (float): Standard deviation of untrained weights and
            embeddings. The authors' 0.02 is small for a narrow model.
            Defaults to 0.02.
        init_cfg (dict, optional): ``dict(type='Pretrained', checkpoint=…)``
            with a local copy of an authors' file of the same ``arch``:
            {hiera,mae_hiera}_{base,base_plus,large}_16x224.pth or, for
            images, …_{tiny,small,base,base_plus,large}_224.pth from
            https://dl.fbaipublicfiles.com/hiera. Position embeddings are
            interpolated; an image model's kernel is spread over the frames,
            and its temporal embedding starts untrained. Defaults to None.

    Raises:
        InputError: An unknown ``arch``, or sizes that do not fit together.
    """

    arch_settings = dict(
        tiny=dict(embed_dims=96, num_heads=1, depths=(1, 2, 7, 2)),
        small=dict(embed_dims=96, num_heads=1, depths=(1, 2, 11, 2)),
        base=dict(embed_dims=96, num_heads=1, depths=(2, 3, 16, 3)),
        base_plus=dict(embed_dims=112, num_heads=2, depths=(2, 3, 16, 3)),
        large=dict(embed_dims=144, num_heads=2, depths=(2, 6, 36, 4)),
    )
    local_stages = 2

    def __init__(
        self,
        arch: str | dict = 'base',
        num_frames: int = 16,
        img_size: int | tuple[int, int] = 224,
        temporal_stride: int = 2,
        spatial_stride: int = 4,
        mask_unit_size: int = 8,
        q_pool: int = 3,
        drop_path_rate: float = 0.0,
        init_std: float = 0.02,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        settings = self._settings_of(arch)
        self.input_size = (num_frames, *to_2tuple(img_size))
        # rows h and columns w of tokens
        self.grid = tuple(side // spatial_stride for side in to_2tuple(img_size))
        self.mask_unit_size = mask_unit_size
        self.q_pool = q_pool
        self.init_std = init_std
        self._check_sizes(
            settings, img_size, temporal_stride, spatial_stride * mask_unit_size
        )
        dims, heads = settings['embed_dims'], settings['num_heads']
        depths = settings['depths']

        self.patch_embed = nn.Sequential(
            OrderedDict(
                proj=nn.Conv3d(
                    3,
                    dims,
                    kernel_size=(3, 7, 7),
                    stride=(temporal_stride, spatial_stride, spatial_stride),
                    padding=(1, 3, 3),
                )
            )
        )
        self.pos_embed_spatial = nn.Parameter(
            torch.zeros(1, math.prod(self.grid), dims)
        )
        self.pos_embed_temporal = nn.Parameter(
            torch.zeros(1, num_frames // temporal_stride, dims)
        )

        self.blocks = self._build_blocks(dims, heads, depths, drop_path_rate)
        self.norm = nn.LayerNorm(dims * 2 ** (len(depths) - 1), eps=1e-6)

    def _settings_of(self, arch: str | dict) -> dict[str, Any]:
        """``embed_dims``, ``num_heads`` and ``depths`` of an ``arch``."""
        if isinstance(arch, dict):
            return arch
        if arch not in self.arch_settings:
            raise InputError(
                f'Hiera: arch {arch!r} is none of '
                f'{", ".join(self.arch_settings)}; choose one of them or '
                'give a dict of embed_dims, num_heads and depths'
            )
        return self.arch_settings[arch]

    def _check_sizes(
        self,
        settings: dict[str, Any],
        img_size: int | tuple[int, int],
        temporal_stride: int,
        unit_pixels: int,
    ) -> None:
        """Sizes of clip, mask unit (``unit_pixels`` a side) and stages fit."""
        num_frames, *sides = self.input_size
        dims, heads = settings['embed_dims'], settings['num_heads']
        num_stages = len(settings['depths'])
        if (
            num_frames % temporal_stride
            or any(side % unit_pixels for side in sides)
            or self.mask_unit_size % 2**self.q_pool
            or dims % heads
            or self.q_pool >= num_stages
        ):
            raise InputError(
                f'Hiera: num_frames {num_frames} must be a multiple of '
                f'temporal_stride {temporal_stride}, img_size {img_size} of '
                f'spatial_stride × mask_unit_size {unit_pixels}, '
                f'mask_unit_size {self.mask_unit_size} of 2^q_pool '
                f'{2**self.q_pool}, embed_dims {dims} of num_heads {heads}, '
                f'and q_pool less than the {num_stages} stages; change them '
                'in the config'
            )

    def _build_blocks(
        self, dims: int, heads: int, depths: Sequence[int], drop_path_rate: float
    ) -> nn.ModuleList:
        """Blocks of all stages; the first of a stage doubles the channels."""
        rates = iter(np.linspace(0, drop_path_rate, sum(depths)).tolist())
        blocks = nn.ModuleList()
        for stage, depth in enumerate(depths):
            for index in range(depth):
                first = index == 0 and stage > 0
                blocks.append(
                    HieraBlock(
                        dims,
                        dims * 2 if first else dims,
                        num_heads=heads * 2**stage,
                        stride=4 if first and stage <= self.q_pool else 1,
                        within_units=stage - first < self.local_stages,
                        drop_path=next(rates),
                    )
                )
                dims = dims * 2 if first else dims
        return blocks

    def init_weights(self) -> None:
        """Initialise, then load ``init_cfg``'s checkpoint where there is one.

        Raises:
            InputError: The file holds no block that fits this model.
        """
        for name, parameter in self.named_parameters():
            if name.endswith('.bias') and not name.startswith('patch_embed'):
                # As the authors: of linear layers and of norms.
                nn.init.constant_(parameter, 0.02)
            elif parameter.dim() > 1:
                trunc_normal_(parameter, std=self.init_std)
        load_init_cfg(
            self,
            lambda weights, model: to_hiera_layout(
                weights, model.state_dict(), model.grid
            ),
            layers='blocks.',
        )

    def forward(self, clips: Tensor) -> Tensor:
        """Encode clips.

        Args:
            clips (Tensor): Normalised frames, B×3×T×H×W.

        Returns:
            Tensor: Normalised mean of the last stage's tokens, B×C.

        Raises:
            InputError: Clips of another length or size.
        """
        if clips.shape[2:] != self.input_size:
            raise InputError(
                'the clips have {} frames of {}x{} pixels, Hiera is for {} of '
                '{}x{}: change the pipeline, or num_frames and img_size of '
                'the backbone'.format(*clips.shape[2:], *self.input_size)
            )
        # B×3×T×H×W -> B×C×t×h×w -> B×t×h×w×C
        x = self.patch_embed(clips).permute(0, 2, 3, 4, 1)
        position = self.pos_embed_spatial[:, None] + self.pos_embed_temporal[:, :, None]
        x = x + position.unflatten(2, x.shape[2:4])
        x = to_mask_units(x, self.mask_unit_size, self.q_pool)
        for block in self.blocks:
            x = block(x)
        return self.norm(x.mean(dim=(1, 2)))
