from typing import Any

import numpy as np
from mmaction.registry import MODELS
from mmengine.model import BaseModule
from mmengine.model.weight_init import trunc_normal_
from torch import Tensor, nn

from mmbimodal.errors import InputError

from ..layers.focal_modulation import VideoFocalNetBlock
from ..weights import inflate_kernel, load_init_cfg


class PatchEmbed(nn.Module):
    """Non-overlapping patches, projected and normalised.

    Args:
        in_dims (int): Channels of the input.
        embed_dims (int): Channels C of the output.
        patch_size (int): Rows and columns of a patch.
        tubelet_size (int): Frames of a patch; 1: a 2-D kernel, as in the
            authors' release. Defaults to 1.
    """

    def __init__(
        self, in_dims: int, embed_dims: int, patch_size: int, tubelet_size: int = 1
    ) -> None:
        super().__init__()
        size: Any
        conv: Any
        if tubelet_size == 1:
            size, conv = (patch_size, patch_size), nn.Conv2d
        else:
            size, conv = (tubelet_size, patch_size, patch_size), nn.Conv3d
        self.proj = conv(in_dims, embed_dims, size, stride=size)
        self.norm = nn.LayerNorm(embed_dims)

    def forward(self, x: Tensor) -> Tensor:
        """B×C_in×T×H×W → B×t×h×w×C."""
        if isinstance(self.proj, nn.Conv3d):
            x = self.proj(x).transpose(1, 2)
        else:
            # B×C_in×T×H×W -> (B·T)×C×h×w -> B×T×C×h×w
            frames = x.transpose(1, 2)
            x = self.proj(frames.flatten(0, 1)).unflatten(0, frames.shape[:2])
        return self.norm(x.permute(0, 1, 3, 4, 2))


class Stage(nn.Module):
    """Blocks of one resolution, then half of it and twice the channels.

    Args:
        embed_dims (int): Channels C.
        drop_paths (list[float]): Stochastic depth of each block.
        downsample (bool): Whether another stage follows.
    """

    def __init__(self, embed_dims: int, drop_paths: list, downsample: bool) -> None:
        super().__init__()
        self.blocks = nn.Sequential(
            *(VideoFocalNetBlock(embed_dims, rate) for rate in drop_paths)
        )
        self.downsample = (
            PatchEmbed(embed_dims, 2 * embed_dims, patch_size=2) if downsample else None
        )

    def forward(self, x: Tensor) -> Tensor:
        """B×T×H×W×C → B×T×(H/2)×(W/2)×2C, or B×T×H×W×C in the last."""
        x = self.blocks(x)
        if self.downsample is not None:
            x = self.downsample(x.permute(0, 4, 1, 2, 3))
        return x


@MODELS.register_module()
class VideoFocalNet(BaseModule):
    r"""Video-FocalNet.

    `Video-FocalNets: Spatio-Temporal Focal Modulation for Video Action
    Recognition <https://arxiv.org/abs/2307.06947>`_ (Wasim et al., ICCV
    2023), without classifier: a linear head such as ``TimeSformerHead``
    follows. The structure within a frame is that of `Focal Modulation
    Networks <https://arxiv.org/abs/2203.11926>`_ (Yang et al., NeurIPS 2022,
    https://github.com/microsoft/FocalNet, MIT); parameter names are those of
    both releases. **The authors of Video-FocalNets state no licence for
    their weights**; those of FocalNet are MIT.

    Two focal levels with kernels of 3 and 5, no position embedding. Frames
    may be of any size from 32 pixels; what a multiple of 32 leaves over is
    cut off.

    Args:
        arch (str | dict): 'tiny', 'small', 'base', or a dict of
            ``embed_dims`` (channels of the first stage), ``depths`` (blocks
            of each stage) and ``drop_path_rate`` (0 without it). Defaults to
            'base'.
        num_frames (int): Frames T of a clip, a multiple of ``tubelet_size``.
            Defaults to 8.
        tubelet_size (int): Frames of a patch. Defaults to 1, as in the
            authors' weights.
        drop_path_rate (float, optional): Stochastic depth of the last block;
            grows linearly from 0. Defaults to that of the ``arch``.
        init_std (float): Standard deviation of untrained linear layers. The
            authors' 0.02 is small for a narrow model. Defaults to 0.02.
        init_cfg (dict, optional): ``dict(type='Pretrained', checkpoint=…)``
            with a file of https://github.com/TalalWasim/Video-FocalNets, or
            an ImageNet ``focalnet_{tiny,small,base}_srf.pth``, which leaves
            the temporal branch untrained. A 2-D stem is spread over the
            frames of a patch. A file that also holds the authors' training
            configuration is refused: save its ``model`` alone. Defaults to
            None.

    Raises:
        InputError: An unknown ``arch``, or ``num_frames`` that is not a
            multiple of ``tubelet_size``.
    """

    arch_settings = dict(
        tiny=dict(embed_dims=96, depths=(2, 2, 6, 2), drop_path_rate=0.2),
        small=dict(embed_dims=96, depths=(2, 2, 18, 2), drop_path_rate=0.3),
        base=dict(embed_dims=128, depths=(2, 2, 18, 2), drop_path_rate=0.5),
    )

    def __init__(
        self,
        arch: str | dict = 'base',
        num_frames: int = 8,
        tubelet_size: int = 1,
        drop_path_rate: float | None = None,
        init_std: float = 0.02,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        if isinstance(arch, str) and arch not in self.arch_settings:
            raise InputError(
                f'VideoFocalNet: arch {arch!r} is none of '
                f'{", ".join(self.arch_settings)}; choose one of them or '
                'give a dict of embed_dims, depths and drop_path_rate'
            )
        if num_frames % tubelet_size:
            raise InputError(
                f'VideoFocalNet: num_frames {num_frames} must be a multiple '
                f'of tubelet_size {tubelet_size}; change them in the config'
            )
        settings: dict[str, Any] = (
            self.arch_settings[arch] if isinstance(arch, str) else arch
        )
        dims, depths = settings['embed_dims'], settings['depths']
        if drop_path_rate is None:
            drop_path_rate = settings.get('drop_path_rate', 0.0)
        self.num_frames = num_frames
        self.tubelet_size = tubelet_size
        self.min_size = 4 * 2 ** (len(depths) - 1)
        self.init_std = init_std
        self.patch_embed = PatchEmbed(3, dims, 4, tubelet_size)
        rates = iter(np.linspace(0, drop_path_rate, sum(depths)).tolist())
        last = len(depths) - 1
        self.layers = nn.Sequential(
            *(
                Stage(
                    dims * 2**i,
                    [next(rates) for _ in range(depth)],
                    downsample=i < last,
                )
                for i, depth in enumerate(depths)
            )
        )
        self.norm = nn.LayerNorm(dims * 2**last)

    def init_weights(self) -> None:
        """Initialise, then load ``init_cfg``'s checkpoint where there is one.

        Raises:
            InputError: The file holds no layer that fits this model.
        """
        for module in self.modules():
            if isinstance(module, nn.Linear):
                trunc_normal_(module.weight, std=self.init_std)
                nn.init.zeros_(module.bias)
        load_init_cfg(self, self._inflate_stem, layers='layers.')

    def forward(self, clips: Tensor) -> Tensor:
        """Encode clips.

        Args:
            clips (Tensor): Normalised frames, B×3×T×H×W.

        Returns:
            Tensor: Mean of the normalised tokens, B×C.

        Raises:
            InputError: Clips of another length, or too small frames.
        """
        _, _, frames, height, width = clips.shape
        if frames != self.num_frames or min(height, width) < self.min_size:
            raise InputError(
                f'the clips have {frames} frames of {height}x{width} pixels, '
                f'VideoFocalNet is for {self.num_frames} of at least '
                f'{self.min_size}x{self.min_size}: change the pipeline, or '
                'num_frames of the backbone'
            )
        x = self.layers(self.patch_embed(clips))
        return self.norm(x).mean(dim=(1, 2, 3))

    @staticmethod
    def _inflate_stem(
        weights: dict[str, Tensor], model: 'VideoFocalNet'
    ) -> dict[str, Tensor]:
        """Spread a 2-D stem over the frames of a patch."""
        name = 'patch_embed.proj.weight'
        if model.tubelet_size > 1 and name in weights and weights[name].dim() == 4:
            return {**weights, name: inflate_kernel(weights[name], model.tubelet_size)}
        return weights
