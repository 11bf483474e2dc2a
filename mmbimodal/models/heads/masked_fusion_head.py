from typing import Any

import torch
from mmaction.models.heads import BaseHead
from mmaction.registry import MODELS
from mmaction.utils import SampleList
from mmengine.model.weight_init import constant_init, trunc_normal_init, xavier_init
from torch import Tensor, nn

from mmbimodal.errors import InputError
from mmbimodal.structures import (
    Regions,
    SelectedTokens,
    flatten_regions,
    select_regions,
)

from ..layers import MLP, MaskedAttention


@MODELS.register_module()
class MaskedFusionHead(BaseHead):
    """Adaptive masked fusion and classifier (eqs 9–17).

    1. Inside each kept frame a copy of the class token attends to the
       frame's regions; the copies' mean is the local class token (eqs 13–14).
    2. The local class token and the regions of all modalities attend to one
       another (eq. 15).
    3. MLP after the masking of eq. 16, then a linear layer on the class
       token.

    Residual connections and pre-LayerNorm as in the backbone. Readings: both
    attentions share their weights, as only this fits the 8 M parameters of
    Table 1; the bimodal class token is the sum of the branches' ("feature
    addition"); its own mark in eq. 9 is 1. Marks carry gradient in eqs 12 and
    16 and are constants everywhere else, so dropped regions get none, and both
    paths agree.

    Args:
        num_classes (int): Classes K.
        in_channels (int): Channels C.
        num_heads (int): Attention heads. Defaults to 12.
        path (str): ``'gather'`` computes kept regions only; ``'dense'``
            computes all of them and masks, as the paper writes it. Defaults
            to ``'gather'``.
        fusion (bool): Off: class token plus the mean of the kept regions,
            whose marks then carry the gradient (Table 3). Defaults to True.
        mask_attention (bool): Eq. 12; off needs ``path='dense'`` (Table 5).
            Defaults to True.
        mask_mlp (bool): Eq. 16. With one block, whose class token alone is
            classified, it cannot change a prediction, only the gradient of
            the distillation; Table 5 has a gain of 0.42 and 1.25 points for
            it. Defaults to True.
        key_frames_only (bool): Reading of eq. 14: the local class token is
            the mean over key frames only, instead of over key and secondary
            ones. Defaults to False.
        loss_distill (dict, optional): Self-distillation, with a linear
            teacher classifier on the bimodal class token. None: off (Table
            3). Defaults to ``dict(type='SelfDistillLoss')``.
        distill_selection (bool): Whether the distillation terms teach the
            selection, too. Off, it learns from the classification alone, as
            in ref. 30: measured on pairs with known truth, the distillation
            prefers frames that show nothing, since these change the
            student's prediction least. Defaults to True, the paper's one
            loss for all.
        identity_init (bool): Extension, not in the paper: the output layers
            of attention and MLP start at zero, so that training starts from
            the sum of the class tokens. Defaults to False.
        init_std (float): Deviation of the classifiers' initial weights.
            Defaults to 0.02.
        kwargs: For :class:`mmaction.models.heads.BaseHead`. Data sets with
            several classes a sample: ``multi_class=True`` and
            ``loss_cls=dict(type='BCELossWithLogits')``.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        num_heads: int = 12,
        path: str = 'gather',
        fusion: bool = True,
        mask_attention: bool = True,
        mask_mlp: bool = True,
        key_frames_only: bool = False,
        loss_distill: dict | None = dict(type='SelfDistillLoss'),
        distill_selection: bool = True,
        identity_init: bool = False,
        init_std: float = 0.02,
        **kwargs: Any,
    ) -> None:
        super().__init__(num_classes, in_channels, **kwargs)
        if path not in ('gather', 'dense'):
            raise InputError(
                f"MaskedFusionHead: path={path!r} is unknown: 'gather' or 'dense'"
            )
        if path == 'gather' and not mask_attention:
            raise InputError(
                'MaskedFusionHead: without mask_attention the dropped regions '
                "take part, which path='gather' does not compute: set "
                "path='dense'"
            )
        self.dense = path == 'dense'
        self.mask_attention, self.mask_mlp = mask_attention, mask_mlp
        self.key_frames_only = key_frames_only
        self.distill_selection = distill_selection
        self.identity_init, self.init_std = identity_init, init_std
        self.fusion = (
            nn.ModuleDict(
                dict(
                    norm1=nn.LayerNorm(in_channels, eps=1e-6),
                    attn=MaskedAttention(in_channels, num_heads),
                    norm2=nn.LayerNorm(in_channels, eps=1e-6),
                    mlp=MLP(in_channels),
                )
            )
            if fusion
            else None
        )
        self.fc_cls = nn.Linear(in_channels, num_classes)
        self.loss_distill = loss_distill and MODELS.build(loss_distill)
        if loss_distill:
            self.fc_teacher = nn.Linear(in_channels, num_classes)

    def init_weights(self) -> None:
        """Fusion as the backbone's layers, classifiers as upstream's."""
        for module in self.modules():
            if isinstance(module, nn.Linear):
                xavier_init(module, distribution='uniform')
        if self.identity_init and self.fusion is not None:
            for module in (self.fusion.attn.proj, self.fusion.mlp.fc2):
                constant_init(module, 0)
        trunc_normal_init(self.fc_cls, std=self.init_std)
        if self.loss_distill is not None:
            trunc_normal_init(self.fc_teacher, std=self.init_std)

    def forward(self, feats: SelectedTokens, **kwargs: Any) -> Tensor:
        """Class scores.

        Args:
            feats (SelectedTokens): The neck's output for B clips.

        Returns:
            Tensor: Logits, B×K.
        """
        cls_token, _ = self.fuse(
            feats, select_regions(feats, self.dense), regions=False
        )
        return self.fc_cls(cls_token)

    def loss(
        self, feats: SelectedTokens, data_samples: SampleList, **kwargs: Any
    ) -> dict:
        """Joint loss (eq. 20).

        Args:
            feats (SelectedTokens): The neck's output for B clips.
            data_samples (list[ActionDataSample]): B samples with labels.

        Returns:
            dict: ``loss_cls`` and top-k accuracies of
            :class:`~mmaction.models.heads.BaseHead`, and the terms of
            ``loss_distill``.
        """
        selected = select_regions(feats, self.dense)
        once = self.loss_distill is not None and self.distill_selection
        cls_token, student = self.fuse(feats, selected, regions=once)
        logits = self.fc_cls(cls_token)
        losses = self.loss_by_feat(logits, data_samples)  # eq. 17
        if self.loss_distill is None:
            return losses
        if not self.distill_selection:
            # The same values once more, with marks that carry no gradient.
            selected = [Regions(x.tokens, x.marks.detach()) for x in selected]
            cls_token, student = self.fuse(feats, selected, regions=True)
            logits = self.fc_cls(cls_token)
        tokens, marks = flatten_regions(selected)
        labels = torch.stack([x.gt_label for x in data_samples]).to(logits.device)
        if not labels.is_floating_point():
            # B×1 class indices -> B; B×K probabilities stay
            labels = labels.squeeze(1)
        losses.update(
            self.loss_distill(
                student_logits=logits,
                teacher_logits=self.fc_teacher(feats.cls_token),
                student_regions=student,
                teacher_regions=tokens,
                labels=labels,
                weight=marks.detach(),
                multi_label=self.multi_class,
            )
        )
        return losses

    def average_clip(self, cls_scores: Tensor, num_segs: int = 1) -> Tensor:
        """Mean over the views, (B·V)×K → B×K, of sigmoids for multi-label data."""
        if not self.multi_class or self.average_clips != 'prob':
            return super().average_clip(cls_scores, num_segs)
        return cls_scores.sigmoid().unflatten(0, (-1, num_segs)).mean(dim=1)

    def fuse(
        self, feats: SelectedTokens, selected: list[Regions], regions: bool
    ) -> tuple[Tensor, Tensor | None]:
        """Fuse class token and regions.

        Args:
            feats (SelectedTokens): The neck's output.
            selected (list[Regions]): Of :func:`select_regions`.
            regions (bool): Whether the fused regions are needed as well.

        Returns:
            tuple[Tensor, Tensor | None]: Class token B×C, regions B×R×C.
        """
        tokens, marks = flatten_regions(selected)
        kept = marks.detach() > 0
        if self.fusion is None:
            weight = marks * kept / kept.sum(1, keepdim=True).clamp_min(1)
            mean = (weight[..., None].to(tokens.dtype) * tokens).sum(dim=1)
            return feats.cls_token + mean, tokens

        # B×(1+R): the class token is always kept
        marks = torch.cat((torch.ones_like(marks[:, :1]), marks), dim=1)
        x = torch.cat((self._local_cls_token(feats, selected)[:, None], tokens), dim=1)
        # The class token's row is all that a prediction needs.
        num_queries = None if regions or self.dense else 1
        x = x[:, :num_queries] + self._attend(
            x, marks, feats.complete, num_queries
        )  # eq. 15
        if self.mask_mlp:
            x = x * marks[:, :num_queries, None].to(x.dtype)  # eq. 16
        x = x + self.fusion.mlp(self.fusion.norm2(x))
        if not self.mask_attention:
            # Without eq. 12 the scorer gets no gradient, but distributed
            # training waits for one: a gradient of zero.
            x = x + 0 * marks.sum().to(x.dtype)
        return x[:, 0], x[:, 1:] if regions else None

    def _local_cls_token(
        self, feats: SelectedTokens, selected: list[Regions]
    ) -> Tensor:
        """Mean of the kept frames' class tokens, B×C (eqs 13–14)."""
        total: Any = 0.0
        count: Any = 0.0
        for group, (tokens, marks) in enumerate(selected):
            batch, frames = marks.shape[:2]
            cls_token = feats.cls_token[:, None].expand(-1, frames, -1)
            # B×f×(1+n)×C -> (B·f)×(1+n)×C
            x = torch.cat((cls_token[:, :, None], tokens), dim=2).flatten(0, 1)
            # B×f×1: a slot without a frame is left out
            kept = (marks.detach() > 0).any(dim=2, keepdim=True)
            if self.key_frames_only:
                kept = kept & self._is_key_frame(feats, group)[..., None]
            # B×f×n -> (B·f)×(1+n)
            marks = torch.cat((torch.ones_like(marks[..., :1]), marks), dim=2).flatten(
                0, 1
            )
            # (B·f)×1×C
            x = self._attend(x, marks, feats.complete, num_queries=1)  # eq. 13
            frame_cls_token = cls_token + x[:, 0].unflatten(0, (batch, frames))
            total = total + (frame_cls_token * kept).sum(dim=1)
            count = count + kept.sum(dim=1)
        # A clip without any frame gives zero rather than NaN.
        return total / count.clamp_min(1)  # eq. 14

    def _is_key_frame(self, feats: SelectedTokens, group: int) -> Tensor:
        """Which frames of a group of :func:`select_regions` are key frames, B×f."""
        key_frames = feats.groups[0].frames
        if self.dense:
            # B×F: the one group has all frames
            batch, num_frames = feats.frame_scores.shape
            is_key = torch.zeros(
                batch, num_frames, dtype=torch.bool, device=key_frames.device
            )
            return is_key.scatter(1, key_frames, True)
        return torch.full_like(feats.groups[group].frames, group == 0, dtype=torch.bool)

    def _attend(
        self, x: Tensor, marks: Tensor, complete: bool, num_queries: int | None
    ) -> Tensor:
        """Pre-norm masked attention of leading tokens to all (eq. 12)."""
        if not self.mask_attention:
            marks = torch.ones_like(marks)
        keep = None
        if self.mask_attention and (self.dense or not complete):
            keep = marks.detach() > 0
        return self.fusion.attn(self.fusion.norm1(x), marks, keep, num_queries)
