"""TimeSformer that keeps its patch features and scores its regions."""

import math
from collections import OrderedDict

import torch
from mmengine.model import BaseModule
from mmengine.model.weight_init import kaiming_init, trunc_normal_
from mmengine.utils import to_2tuple
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from mmbimodal.errors import InputError

from .attention_product import attention_product
from .divided_block import DividedBlock

# Hidden activations of an MLP, in elements, up to which clips are encoded
# together on a CPU without gradients: 32 MB. Beyond, an allocator asks the
# system for fresh pages each time, and the caches miss.
CHUNK_ELEMENTS = 2**23


class TimeSformerEncoder(BaseModule):
    """Divided space–time TimeSformer, all of its tokens returned.

    Same function and, up to the names of the parameters, same weights as
    MMAction2's ``TimeSformer``. The names are those of the authors' release.

    Args:
        num_frames (int): Frames T of a clip.
        img_size (int | tuple[int, int]): Height and width of a frame in
            pixels; one number: a square.
        patch_size (int): Height and width of a region in pixels.
        embed_dims (int): Channels C.
        num_heads (int): Heads; divides C.
        num_layers (int): Layers L.
        drop_path_rate (float): Stochastic depth of the last layer; grows
            linearly from 0.
        with_saliency (bool): Whether to score the regions.
        mix_identity (bool): See :func:`attention_product`.
        with_cp (bool): Recompute the layers in the backward pass instead of
            keeping their activations.
    """

    def __init__(
        self,
        num_frames: int,
        img_size: int | tuple[int, int],
        patch_size: int,
        embed_dims: int,
        num_heads: int,
        num_layers: int,
        drop_path_rate: float,
        with_saliency: bool,
        mix_identity: bool,
        with_cp: bool,
    ) -> None:
        super().__init__()
        self.num_frames = num_frames
        self.img_size = to_2tuple(img_size)
        # rows h and columns w of regions
        self.grid = tuple(side // patch_size for side in self.img_size)
        self.with_saliency = with_saliency
        self.mix_identity = mix_identity
        self.with_cp = with_cp
        self.patch_embed = nn.Sequential(
            OrderedDict(
                proj=nn.Conv2d(3, embed_dims, kernel_size=patch_size, stride=patch_size)
            )
        )
        self.cls_token = nn.Parameter(torch.zeros(1, 1, embed_dims))
        self.pos_embed = nn.Parameter(
            torch.zeros(1, 1 + math.prod(self.grid), embed_dims)
        )
        self.time_embed = nn.Parameter(torch.zeros(1, num_frames, embed_dims))
        rates = torch.linspace(0, drop_path_rate, num_layers).tolist()
        self.blocks = nn.ModuleList(
            # What a whole layer computes again it does not keep anyway.
            DividedBlock(embed_dims, num_heads, rate, recompute_gelu=not with_cp)
            for rate in rates
        )
        self.norm = nn.LayerNorm(embed_dims, eps=1e-6)

    def init_weights(self, zero_temporal_fc: bool = False) -> None:
        """Weights of an untrained model.

        Args:
            zero_temporal_fc (bool): Zeros in the projection after the temporal
                attention of all layers but the first. Defaults to False.
        """
        kaiming_init(self.patch_embed.proj, mode='fan_in', nonlinearity='linear')
        trunc_normal_(self.pos_embed, std=0.02)
        trunc_normal_(self.cls_token, std=0.02)
        for module in self.blocks.modules():
            if isinstance(module, nn.Linear):
                # Scaled by the width: a fixed 0.02 silences the branches of
                # a narrow encoder, which then learns nothing for epochs.
                nn.init.xavier_uniform_(module.weight)
                nn.init.zeros_(module.bias)
        if zero_temporal_fc:
            for block in self.blocks[1:]:
                assert isinstance(block, DividedBlock)
                nn.init.zeros_(block.temporal_fc.weight)

    def stages(self, count: int) -> list[nn.Module]:
        """The modules of the embeddings (0) and of the first ``count`` layers."""
        return [] if count < 0 else [self.patch_embed, *self.blocks[:count]]

    def freeze(self, count: int) -> None:
        """Take these stages, embeddings included, out of the training."""
        if count >= 0:
            for embedding in (self.cls_token, self.pos_embed, self.time_embed):
                embedding.requires_grad_(False)
        for module in self.stages(count):
            module.requires_grad_(False)

    def forward(self, clips: Tensor) -> tuple[Tensor, Tensor, Tensor | None]:
        """Encode clips of one modality, or of several in one batch.

        Args:
            clips (Tensor): Normalised frames, B×3×T×H×W.

        Returns:
            tuple[Tensor, Tensor, Tensor | None]: Class token (B×C), patch
            features (B×T×N×C) and region scores (B×T×N).

        Raises:
            InputError: Clips of another length or size.
        """
        expected = (self.num_frames, *self.img_size)
        if clips.shape[2:] != expected:
            raise InputError(
                'the clips have {} frames of {}x{} pixels, the TimeSformer '
                'is for {} of {}x{}: change the pipeline, or num_frames and '
                'img_size of the backbone'.format(*clips.shape[2:], *expected)
            )
        if torch.compiler.is_compiling() or torch.is_grad_enabled() or not clips.is_cpu:
            return self._encode(clips)
        hidden = self.num_frames * math.prod(self.grid) * 4 * self.cls_token.shape[-1]
        chunks = clips.split(max(1, CHUNK_ELEMENTS // hidden))
        if len(chunks) == 1:
            return self._encode(clips)
        cls_tokens, patches, saliency = zip(*map(self._encode, chunks))
        return (
            torch.cat(cls_tokens),
            torch.cat(patches),
            None if saliency[0] is None else torch.cat(saliency),
        )

    def _encode(self, clips: Tensor) -> tuple[Tensor, Tensor, Tensor | None]:
        """:meth:`forward` for clips that run together."""
        batch, _, frames = clips.shape[:3]
        # B×3×T×H×W -> (B·T)×3×H×W -> (B·T)×C×h×w
        x = self.patch_embed(clips.transpose(1, 2).flatten(0, 1))
        # (B·T)×C×h×w -> (B·T)×N×C -> B×T×N×C
        patches = x.flatten(2).transpose(1, 2).unflatten(0, (batch, frames))
        patches = patches + self.pos_embed[:, None, 1:]
        patches = patches + self.time_embed[:, :, None]
        cls_token = (self.cls_token + self.pos_embed[:, :1]).expand(batch, -1, -1)

        queries_keys = []
        for block in self.blocks:
            if self.with_cp and torch.is_grad_enabled():
                cls_token, patches, query_key = checkpoint(
                    block, cls_token, patches, use_reentrant=False
                )
            else:
                cls_token, patches, query_key = block(cls_token, patches)
            if self.with_saliency:
                queries_keys.append(query_key)

        saliency = None
        if self.with_saliency:
            # (B·T)×N -> B×T×N
            saliency = attention_product(queries_keys, self.mix_identity).unflatten(
                0, (batch, frames)
            )
        return self.norm(cls_token)[:, 0], self.norm(patches), saliency
