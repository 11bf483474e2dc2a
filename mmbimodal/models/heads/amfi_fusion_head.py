from collections.abc import Sequence
from typing import Any

import torch
from mmaction.models.heads import BaseHead
from mmaction.registry import MODELS
from mmaction.utils import SampleList
from mmengine.model.weight_init import trunc_normal_init
from torch import Tensor, nn

from mmbimodal.errors import InputError
from mmbimodal.structures import (
    BranchFeatures,
    channels_by_name,
    pool_branches,
    present_mean,
)

from ..layers import (
    ConfidenceGate,
    FeatureCorrelation,
    FeatureWeighting,
    full_precision,
)

FUSIONS = ('amfi', 'average', 'multiply', 'max', 'concat')


def combine_features(features: list[Tensor], present: Tensor, fusion: str) -> Tensor:
    """Fusions without parameters (Table 3 of AMFI-Net).

    Args:
        features (list[Tensor]): X of M modalities, each B×C, zero where it is absent.
        present (Tensor): Whether the sample has the modality, B×M, bool.
        fusion (str): ``'average'``, ``'multiply'`` or ``'max'``, entry by entry over
            the present modalities, or ``'concat'``, side by side.

    Returns:
        Tensor: B×C, or B×(M·C) of ``'concat'``.
    """
    if fusion == 'concat':
        return torch.cat(features, dim=1)
    # B×M×C, B×M×1
    stack, there = torch.stack(features, dim=1), present[..., None]
    if fusion == 'average':
        return stack.sum(dim=1) / there.sum(dim=1).clamp(min=1)
    if fusion == 'multiply':
        return torch.where(there, stack, 1.0).prod(dim=1)
    lowest = torch.finfo(stack.dtype).min
    largest = stack.masked_fill(~there, lowest).amax(dim=1)
    return torch.where(there.any(dim=1), largest, 0.0)


@MODELS.register_module()
class AMFIFusionHead(BaseHead):
    r"""Attention fusion with a confidence gate, and classifier (eqs 7–21 of AMFI-Net).

    Zhao et al., JVCIR 2025, doi 10.1016/j.jvcir.2025.104459. From the features X of
    two modalities, of which one decides (d) and the other follows (o):

    1. :class:`~mmbimodal.models.layers.FeatureCorrelation` of both side by side, Z_F;
    2. :class:`~mmbimodal.models.layers.FeatureWeighting`, Y_m = X_m ⊙ σ(FC_m(Z_F));
    3. :class:`~mmbimodal.models.layers.ConfidenceGate`, Y_F = Y_d ⊙ G + Y_o ⊙ (1 − G);
    4. a linear classifier on Y_F, whose cross-entropy and the gate's loss are the
       joint loss L_fusion + λ L_gate.

    It takes the backbone's dictionary itself (``neck=None``), after any backbone, and
    computes in float32, also under automatic mixed precision. Of a sample that lacks
    a modality the gate is left out, in training and in testing: Y_F is the weighted
    feature of the other one, with zeros in X_F for the absent one.

    In training the mean of the gate is logged as ``<decision>/gate``.

    Args:
        num_classes (int): Classes K.
        in_channels (int | dict[str, int]): Channels C after pooling, of all
            modalities or of each.
        modalities (Sequence[str]): Names and order of the modalities: two for
            ``'amfi'``, two or more for the others.
        decision (str, optional): Name of the decision modality, which ``'amfi'`` needs
            and the other fusions do not use. Table 6 compares the two.
        fusion (str): ``'amfi'``, or one of Table 3: ``'average'``, ``'multiply'``,
            ``'max'`` or ``'concat'`` of the features X, and the classifier. Defaults
            to ``'amfi'``.
        positions (str): Reading of eqs 8–11, of ``'amfi'`` alone. Defaults to
            ``'entry'``.
        loss_gate (dict, optional): Eq. 20 and λ, of ``'amfi'`` alone; None: off.
            Defaults to ``dict(type='GateLoss')``.
        init_std (float): Deviation of the classifier's initial weights. Defaults to
            0.02.
        kwargs: For :class:`mmaction.models.heads.BaseHead`.

    Raises:
        InputError: The config names another fusion or other modalities, or the fusion
            does not fit their number or their channels.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int | dict[str, int],
        modalities: Sequence[str],
        decision: str | None = None,
        fusion: str = 'amfi',
        positions: str = 'entry',
        loss_gate: dict | None = dict(type='GateLoss'),
        init_std: float = 0.02,
        **kwargs: Any,
    ) -> None:
        super().__init__(num_classes, in_channels, **kwargs)
        self.widths = channels_by_name(in_channels, modalities, type(self).__name__)
        self.modalities = tuple(modalities)
        self.decision, self.fusion, self.init_std = decision, fusion, init_std
        self._check_options()
        channels = next(iter(self.widths.values()))
        self.loss_gate = None
        if fusion == 'amfi':
            self.correlation = FeatureCorrelation(channels, positions)
            self.weighting = FeatureWeighting(channels)
            self.gate = ConfidenceGate(channels)
            self.loss_gate = loss_gate and MODELS.build(loss_gate)
        if fusion == 'concat':
            channels = sum(self.widths.values())
        self.fc_cls = nn.Linear(channels, num_classes)

    def _check_options(self) -> None:
        """Refuse names and widths that do not fit together."""
        names, widths = ', '.join(self.modalities), set(self.widths.values())
        if self.fusion not in FUSIONS:
            raise InputError(
                f'AMFIFusionHead: fusion={self.fusion!r} is unknown: choose from '
                f'{", ".join(FUSIONS)}'
            )
        if self.fusion != 'concat' and len(widths) > 1:
            raise InputError(
                f'AMFIFusionHead: fusion={self.fusion!r} needs features of one width, '
                f"in_channels is {self.widths}: choose fusion='concat', or backbones "
                'of one width'
            )
        needed = self.fusion == 'amfi'
        if needed and len(self.modalities) != 2:
            raise InputError(
                f'AMFIFusionHead: the gate stands between two modalities, '
                f'cls_head.modalities names {names}: name two, or choose another '
                'fusion'
            )
        if (needed or self.decision is not None) and (
            self.decision not in self.modalities
        ):
            raise InputError(
                f'AMFIFusionHead: decision={self.decision!r} is none of the '
                f'modalities {names}: name one of them in cls_head.decision'
            )

    def init_weights(self) -> None:
        """Classifier as upstream's; the rest keeps torch's initialisation."""
        trunc_normal_init(self.fc_cls, std=self.init_std)

    def fuse(
        self, features: list[Tensor], present: Tensor
    ) -> tuple[Tensor, Tensor | None]:
        """Fuse the features of the modalities.

        Args:
            features (list[Tensor]): X in the config's order, each B×C.
            present (Tensor): Whether the sample has the modality, B×M, bool.

        Returns:
            tuple[Tensor, Tensor | None]: Y_F, B×C, and the gate before its sigmoid,
            B×C, of ``'amfi'``. Of ``'concat'`` Y_F is B×(M·C).
        """
        if self.fusion != 'amfi':
            return combine_features(features, present, self.fusion), None
        correlated = self.correlation(torch.cat(features, dim=1))  # eqs 7–11
        weighted = self.weighting(correlated, features)  # eqs 12–17
        first = self.modalities.index(self.decision)
        if first == 1:  # an index list would wait for the device
            weighted, present = weighted[::-1], present.flip(1)
        return self.gate(*weighted, present)  # eqs 18–19

    def forward(
        self, feats: dict[str, BranchFeatures], num_segs: int = 1, **kwargs: Any
    ) -> Tensor:
        """Class scores.

        Args:
            feats (dict[str, BranchFeatures]): The backbone's output.
            num_segs (int): Images of one sample. Defaults to 1.

        Returns:
            Tensor: B×K, float32.
        """
        with full_precision(self):
            return self.fc_cls(self.fuse(*self._pool(feats, num_segs))[0])

    def loss(
        self,
        feats: dict[str, BranchFeatures],
        data_samples: SampleList,
        num_segs: int = 1,
        **kwargs: Any,
    ) -> dict:
        """Terms of the joint loss (eq. 21), and top-k accuracies.

        Args:
            feats (dict[str, BranchFeatures]): The backbone's output.
            data_samples (list[ActionDataSample]): B samples with labels.
            num_segs (int): Images of one sample. Defaults to 1.

        Returns:
            dict: ``loss_cls`` and, with a gate, ``loss_gate``, whose sum is eq. 21.

        Raises:
            InputError: A feature is NaN or infinite.
        """
        with full_precision(self):
            features, present = self._pool(feats, num_segs)
            self._check_finite(features, data_samples)
            fused, gate = self.fuse(features, present)
            losses = self.loss_by_feat(self.fc_cls(fused), data_samples)
            if gate is not None:
                counted = present.all(dim=1)
                mean = gate.detach().sigmoid().mean(dim=1, keepdim=True)
                # A gate that always takes the same modality shows here.
                losses[f'{self.decision}/gate'] = present_mean(mean, counted[:, None])[
                    0
                ]
                if self.loss_gate is not None:
                    losses['loss_gate'] = self.loss_gate(gate, counted)  # eqs 20–21
        return losses

    def predict(
        self,
        feats: dict[str, BranchFeatures],
        data_samples: SampleList,
        num_segs: int = 1,
        **kwargs: Any,
    ) -> SampleList:
        """Predictions, averaged over the views of a sample.

        Args:
            feats (dict[str, BranchFeatures]): The backbone's output.
            data_samples (list[ActionDataSample]): B samples.
            num_segs (int): Images of one sample. Defaults to 1.

        Returns:
            list[ActionDataSample]: With ``pred_score`` and ``pred_label``.

        Raises:
            InputError: A feature is NaN or infinite.
        """
        with full_precision(self):
            features, present = self._pool(feats, num_segs)
            self._check_finite(features, data_samples)
            scores = self.fc_cls(self.fuse(features, present)[0])
        return self.predict_by_feat(scores, data_samples)

    def _pool(
        self, feats: dict[str, BranchFeatures], num_segs: int
    ) -> tuple[list[Tensor], Tensor]:
        return pool_branches(feats, self.widths, num_segs, type(self).__name__)

    def _check_finite(self, features: list[Tensor], data_samples: SampleList) -> None:
        """Refuse features that are not numbers, by the name of their sample."""
        # M×(B·V)
        finite = torch.stack([x.isfinite().all(dim=1) for x in features])
        if finite.all():
            return
        index, row = (~finite).nonzero()[0].tolist()
        sample = data_samples[row * len(data_samples) // finite.shape[1]]
        raise InputError(
            f'the features of {self.modalities[index]} are NaN or infinite in the '
            f'sample {sample.metainfo.get("sample_id", "")}: look at its file, and at '
            'the weights of that backbone'
        )
