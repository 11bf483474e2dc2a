from collections.abc import Sequence

import torch
from mmaction.registry import MODELS
from mmengine.model import BaseModule
from mmengine.utils import to_2tuple
from torch import Tensor, nn

from mmbimodal.errors import InputError
from mmbimodal.structures import (
    ModalityTokens,
    Presence,
    check_modalities,
    present_rows,
    scatter_rows,
    to_mask,
)

from ..layers import TimeSformerEncoder
from ..weights import load_init_cfg, resize_embeddings, to_encoder_layout

# Class token, patch features and saliency of one modality.
Encoded = tuple[Tensor, Tensor, Tensor | None]


@MODELS.register_module()
class BimodalTimeSformer(BaseModule):
    """Siamese TimeSformer of several modalities (section 3.1 of STAF).

    `Is Space-Time Attention All You Need for Video Understanding?
    <https://arxiv.org/abs/2102.05095>`_ for each modality, with class token,
    patch features and the saliency of eqs 5–7.

    Readings: 10 layers with one set of weights shared by the branches, since
    only this costs what Table 1 lists for the baseline (327 GFLOPs, 101 M
    parameters at 2×8×224²); 12 layers and separate weights stay possible.
    With shared weights all modalities run as one batch. The saliency comes
    from each branch's own class token, although section 3.1 embeds the
    bimodal one before regions are selected: eqs 5–7 have the maps of one
    branch. Which row of A eq. 7 means is not said: it is the class token's.

    Args:
        modalities (Sequence[str]): Names and order of the modalities.
        num_frames (int): Frames M of each modality. Defaults to 8.
        img_size (int | tuple[int, int]): Height and width of the input in
            pixels; one number: a square. Defaults to 224.
        patch_size (int): Side of a region in pixels. Defaults to 16.
        embed_dims (int): Channels C. Defaults to 768.
        num_heads (int): Attention heads. Defaults to 12.
        num_layers (int): Layers L. Defaults to 10.
        share_weights (bool): One encoder for all modalities. Defaults to
            True.
        drop_path_rate (float): Stochastic depth of the last layer. Defaults
            to 0.1, as upstream.
        with_saliency (bool): Whether to score the regions (eqs 5–7); a plain
            feature fusion does not need it. Defaults to True.
        mix_identity (bool): Attention rollout proper instead of eq. 6.
            Defaults to False.
        with_cp (bool): Activation checkpointing: each layer is computed
            again in the backward pass, which takes a third more time and a
            fraction of the memory. Defaults to False.
        frozen_stages (int): Stages whose weights do not learn: 0, the
            embeddings; k, also the first k layers; -1, none. Defaults to -1.
        zero_temporal_fc (bool): Start untrained layers but the first with a
            projection of zeros after the temporal attention, as the authors
            of TimeSformer do: a model of images is then left as it is. It
            does not matter to pretrained weights. Defaults to False, since
            an untrained model learns faster without.
        init_cfg (dict, optional): ``dict(type='Pretrained', checkpoint=…)``
            with a TimeSformer of MMAction2 or of its authors, or an ImageNet
            ViT. Weights of 12 layers fill 10 from the bottom; embeddings are
            interpolated. Defaults to None.
    """

    def __init__(
        self,
        modalities: Sequence[str],
        num_frames: int = 8,
        img_size: int | tuple[int, int] = 224,
        patch_size: int = 16,
        embed_dims: int = 768,
        num_heads: int = 12,
        num_layers: int = 10,
        share_weights: bool = True,
        drop_path_rate: float = 0.1,
        with_saliency: bool = True,
        mix_identity: bool = False,
        with_cp: bool = False,
        frozen_stages: int = -1,
        zero_temporal_fc: bool = False,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        sides = to_2tuple(img_size)
        if any(side % patch_size for side in sides) or embed_dims % num_heads:
            raise InputError(
                f'BimodalTimeSformer: img_size {img_size} must be a multiple '
                f'of patch_size {patch_size}, and embed_dims {embed_dims} of '
                f'num_heads {num_heads}; change them in the config'
            )
        if not -1 <= frozen_stages <= num_layers:
            raise InputError(
                f'BimodalTimeSformer: frozen_stages={frozen_stages} must be -1 '
                f'(none), 0 (the embeddings) or up to {num_layers}, the number of '
                'layers; change it in the config'
            )
        self.modalities = tuple(modalities)
        self.frozen_stages = frozen_stages
        self.zero_temporal_fc = zero_temporal_fc
        self.share_weights = share_weights
        self.clip_shape = (3, num_frames, *sides)
        self.encoders = nn.ModuleDict(
            {
                name: TimeSformerEncoder(
                    num_frames,
                    img_size,
                    patch_size,
                    embed_dims,
                    num_heads,
                    num_layers,
                    drop_path_rate,
                    with_saliency,
                    mix_identity,
                    with_cp,
                )
                for name in (['shared'] if share_weights else self.modalities)
            }
        )
        for encoder in self.encoders.values():
            encoder.freeze(frozen_stages)

    def init_weights(self) -> None:
        """Initialise, then load ``init_cfg``'s checkpoint where there is one.

        Raises:
            InputError: The file holds no layer that fits this model.
        """
        for encoder in self.encoders.values():
            encoder.init_weights(self.zero_temporal_fc)
        load_init_cfg(
            self,
            lambda weights, encoder: resize_embeddings(
                to_encoder_layout(weights), encoder.grid, encoder.num_frames
            ),
            self.encoders.values(),
            layers='blocks.',
        )

    def train(self, mode: bool = True) -> 'BimodalTimeSformer':
        """Training mode, but for the frozen stages: these drop no paths."""
        super().train(mode)
        for encoder in self.encoders.values():
            for module in encoder.stages(self.frozen_stages):
                module.eval()
        return self

    def forward(
        self, inputs: dict[str, Tensor], present: Presence | None = None
    ) -> dict[str, ModalityTokens]:
        """Encode each modality of the samples that have it.

        Args:
            inputs (dict[str, Tensor]): Normalised clips, each B×3×M×H×W.
            present (dict[str, list[bool]], optional): Which of the B rows
                have the modality. Others do not enter the encoder; their
                tokens are zero. Defaults to all.

        Returns:
            dict[str, ModalityTokens]: In the config's order.

        Raises:
            InputError: The modalities are not those of the config.
        """
        check_modalities(inputs, self.modalities)
        flags = {name: present[name] if present else None for name in self.modalities}
        clips = {
            name: present_rows(inputs[name], x, self.clip_shape)
            for name, x in flags.items()
        }
        features = {}
        for name, (cls_token, patches, saliency) in self._encode(clips).items():
            # n×… -> B×…
            cls_token = scatter_rows(cls_token, flags[name])
            features[name] = ModalityTokens(
                cls_token,
                scatter_rows(patches, flags[name]),
                None if saliency is None else scatter_rows(saliency, flags[name]),
                to_mask(flags[name], cls_token.shape[0], cls_token.device),
            )
        return features

    def _encode(self, clips: dict[str, Tensor]) -> dict[str, Encoded]:
        """Class token, patches and saliency of n clips of each modality."""
        if not self.share_weights:
            # Without a clip an encoder gives empty tensors, and its
            # parameters a gradient of zero: distributed training needs one.
            return {name: self.encoders[name](x) for name, x in clips.items()}
        # n_1×3×M×H×W, n_2×3×M×H×W, … -> (n_1 + n_2 + …)×3×M×H×W, one pass
        outputs = self.encoders['shared'](torch.cat(list(clips.values())))
        sizes = [x.shape[0] for x in clips.values()]
        parts = zip(
            *([None] * len(sizes) if x is None else x.split(sizes) for x in outputs)
        )
        return dict(zip(clips, parts))
