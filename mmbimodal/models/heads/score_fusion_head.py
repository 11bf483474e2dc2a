from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from mmaction.models.heads import BaseHead
from mmaction.utils import SampleList
from mmengine.model.weight_init import trunc_normal_init
from torch import Tensor, nn

from mmbimodal.structures import (
    Branches,
    BranchFeatures,
    channels_by_name,
    pool_branches,
    present_mean,
    top_k_accuracy,
)

from ..layers import full_precision


def cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """Cross-entropy of each row, …×K and probabilities …×K → …."""
    targets = targets.expand_as(logits)
    # …×K -> R×K -> R -> …
    values = F.cross_entropy(
        logits.flatten(0, -2), targets.flatten(0, -2), reduction='none'
    )
    return values.view(logits.shape[:-1])


class ScoreFusionHead(BaseHead):
    """Base of the fusions of scores: a linear classifier for each modality.

    It takes the backbone's dictionary itself (``neck=None``), after any
    backbone: class tokens as they are, maps averaged, pathways side by side,
    the images of a sample averaged. Everything is computed in float32, also
    under automatic mixed precision. A modality that a sample lacks has no
    part in the sample's scores and losses.

    In training the accuracies of the branches are logged as
    ``<modality>/top1_acc``. Predictions carry the branches' scores as
    ``branch_scores``, which
    :class:`~mmbimodal.evaluation.BranchAccuracy` turns into
    ``<modality>/top1``.

    Subclasses give :meth:`fuse` and :meth:`fusion_loss`.

    Args:
        num_classes (int): Classes K.
        in_channels (int | dict[str, int]): Channels C after pooling, of all
            modalities or of each.
        modalities (Sequence[str]): Names and order of the modalities, two or
            more.
        init_std (float): Deviation of the classifiers' initial weights.
            Defaults to 0.02.
        topk (int | tuple[int]): Accuracies to log. Defaults to ``(1, 5)``.
        average_clips (str, optional): How the views of a sample are averaged,
            ``'prob'`` or ``'score'``. Defaults to None.
        init_cfg (dict, optional): Defaults to None.

    Raises:
        InputError: One modality only, or ``in_channels`` names others.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int | dict[str, int],
        modalities: Sequence[str],
        init_std: float = 0.02,
        topk: int | tuple[int, ...] = (1, 5),
        average_clips: str | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(
            num_classes,
            in_channels,
            topk=topk,
            average_clips=average_clips,
            init_cfg=init_cfg,
        )
        self.modalities = tuple(modalities)
        self.widths = channels_by_name(in_channels, modalities, type(self).__name__)
        self.init_std = init_std
        self.fc_cls = nn.ModuleDict(
            {name: nn.Linear(width, num_classes) for name, width in self.widths.items()}
        )

    def init_weights(self) -> None:
        """Classifiers as upstream's; the rest keeps torch's initialisation."""
        for classifier in self.fc_cls.values():
            trunc_normal_init(classifier, std=self.init_std)

    @abstractmethod
    def fuse(self, branches: Branches) -> Tensor:
        """Fused scores, B×K, whose softmax are the probabilities."""

    @abstractmethod
    def fusion_loss(
        self, branches: Branches, targets: Tensor, data_samples: SampleList
    ) -> tuple[Tensor, dict]:
        """Losses of the method.

        Args:
            branches (Branches): What the classifiers say.
            targets (Tensor): Probabilities of the classes, B×K.
            data_samples (list[ActionDataSample]): B samples.

        Returns:
            tuple[Tensor, dict]: Fused scores B×K, and the losses and further
            figures to log.
        """

    def branch_scores(self, branches: Branches) -> Tensor:
        """Scores of each branch, B×M×K, whose softmax are probabilities."""
        return branches.logits

    def classify(self, feats: dict[str, BranchFeatures], num_segs: int) -> Branches:
        """Pool and classify each modality.

        Args:
            feats (dict[str, BranchFeatures]): The backbone's output.
            num_segs (int): Images of one sample.

        Returns:
            Branches: In float32.

        Raises:
            InputError: The backbone gives other modalities or channels.
        """
        features, present = pool_branches(
            feats, self.widths, num_segs, type(self).__name__
        )
        logits = [self.fc_cls[k](x) for k, x in zip(self.modalities, features)]
        return Branches(features, torch.stack(logits, dim=1), present)

    def forward(
        self, feats: dict[str, BranchFeatures], num_segs: int = 1, **kwargs: Any
    ) -> Tensor:
        """Fused scores.

        Args:
            feats (dict[str, BranchFeatures]): The backbone's output.
            num_segs (int): Images of one sample. Defaults to 1.

        Returns:
            Tensor: B×K, float32; their softmax are the probabilities.
        """
        with full_precision(self):
            return self.fuse(self.classify(feats, num_segs))

    def loss(
        self,
        feats: dict[str, BranchFeatures],
        data_samples: SampleList,
        num_segs: int = 1,
        **kwargs: Any,
    ) -> dict:
        """Losses of branches and fusion, and top-k accuracies.

        Args:
            feats (dict[str, BranchFeatures]): The backbone's output.
            data_samples (list[ActionDataSample]): B samples with labels.
            num_segs (int): Images of one sample. Defaults to 1.

        Returns:
            dict: Keys with ``loss`` are losses.
        """
        with full_precision(self):
            branches = self.classify(feats, num_segs)
            targets = self._targets(data_samples, branches.logits)
            scores, losses = self.fusion_loss(branches, targets, data_samples)
        labels = targets.argmax(dim=1)
        for k, accuracy in zip(self.topk, top_k_accuracy(scores, labels, self.topk)):
            losses[f'top{k}_acc'] = accuracy
        for i, name in enumerate(self.modalities):
            if feats[name].features is None:
                continue  # no sample has it
            [accuracy] = top_k_accuracy(
                branches.logits[:, i], labels, self.topk[:1], branches.present[:, i]
            )
            losses[f'{name}/top{self.topk[0]}_acc'] = accuracy
        return losses

    def predict(
        self,
        feats: dict[str, BranchFeatures],
        data_samples: SampleList,
        num_segs: int = 1,
        **kwargs: Any,
    ) -> SampleList:
        """Predictions of the fusion, and beside them those of the branches.

        Args:
            feats (dict[str, BranchFeatures]): The backbone's output.
            data_samples (list[ActionDataSample]): B samples. One whose
                metainfo has no ``modalities`` has all of them.
            num_segs (int): Images of one sample. Defaults to 1.

        Returns:
            list[ActionDataSample]: With ``branch_scores``, a dictionary of
            the present modalities' scores, each K.
        """
        with full_precision(self):
            branches = self.classify(feats, num_segs)
            scores = self.fuse(branches)
            separate = self.branch_scores(branches)
        views = len(scores) // len(data_samples)
        # (B·V)×M×K -> B×M×K
        separate = torch.stack(
            [self.average_clip(x, views) for x in separate.unbind(dim=1)], dim=1
        )
        for sample, rows in zip(data_samples, separate):
            # Read on the host, which would have to wait for branches.present.
            present = sample.metainfo.get('modalities', self.modalities)
            sample.branch_scores = {
                name: row for name, row in zip(self.modalities, rows) if name in present
            }
        return self.predict_by_feat(scores, data_samples)

    def branch_losses(
        self, branches: Branches, targets: Tensor, names: Sequence[str] | None = None
    ) -> dict[str, Tensor]:
        """Cross-entropy of each branch over the samples that have it.

        Args:
            branches (Branches): What the classifiers say.
            targets (Tensor): Probabilities of the classes, B×K.
            names (Sequence[str], optional): Of the branches. Defaults to the
                modalities.

        Returns:
            dict[str, Tensor]: ``<name>/loss_cls``.
        """
        values = present_mean(
            cross_entropy(branches.logits, targets[:, None]), branches.present
        )
        return {
            f'{name}/loss_cls': value
            for name, value in zip(names or self.modalities, values)
        }

    def _targets(self, data_samples: SampleList, logits: Tensor) -> Tensor:
        """Labels, or mixtures of them, as probabilities B×K."""
        labels = torch.stack([x.gt_label for x in data_samples])
        labels = labels.to(logits.device)
        if labels.is_floating_point():
            return labels
        # B×1 -> B×K
        return F.one_hot(labels.squeeze(1), self.num_classes).to(logits.dtype)
