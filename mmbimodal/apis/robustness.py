"""Accuracy when a modality is missing or partly black."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import torch
from mmaction.registry import TRANSFORMS
from mmengine.dataset import pseudo_collate
from torch import nn

from mmbimodal.structures import Condition, without_modalities


def all_conditions(
    modalities: Sequence[str], shares: Sequence[float] = (0.25, 0.5, 0.75, 1.0)
) -> list[Condition]:
    """Conditions: all modalities, each of them alone, each of them partly black.

    Args:
        modalities (Sequence[str]): Their names.
        shares (Sequence[float]): Shares of black frames. Defaults to
            quarters.

    Returns:
        list[Condition]: In this order.
    """
    alone = (
        [Condition(frozenset(modalities) - {name}) for name in modalities]
        if len(modalities) > 1
        else []
    )
    return [Condition(), *alone] + [
        Condition(blanked=name, share=share) for name in modalities for share in shares
    ]


@torch.no_grad()
def measure_robustness(
    models: Sequence[nn.Module],
    batches: Iterable[list[dict]],
    conditions: Sequence[Condition],
    modalities: Sequence[str],
) -> np.ndarray:
    """Top-1 accuracy of some models under some conditions.

    Every sample is read once for all models and conditions.

    Args:
        models (Sequence[nn.Module]): Of :func:`.init_recognizer`.
        batches (Iterable[list[dict]]): Packed samples with labels.
        conditions (Sequence[Condition]): What happens to them.
        modalities (Sequence[str]): Those of the samples.

    Returns:
        np.ndarray: Models×conditions, in [0, 1]; NaN where a condition leaves
        no modality.
    """
    seen = [condition.seen_by(modalities) for condition in conditions]
    distinct = [x for x in dict.fromkeys(seen) if x is not None]
    blanks = {
        x: TRANSFORMS.build(dict(type='BlankFrames', modality=x.blanked, share=x.share))
        for x in distinct
        if x.blanked
    }
    correct = np.zeros((len(models), len(distinct)))
    total = 0
    for batch in batches:
        total += len(batch)
        for column, condition in enumerate(distinct):
            data = pseudo_collate(
                [
                    _impair(sample, condition.absent, blanks.get(condition))
                    for sample in batch
                ]
            )
            for row, model in enumerate(models):
                correct[row, column] += sum(
                    int(x.pred_label) == int(x.gt_label) for x in model.test_step(data)
                )
    columns = [distinct.index(x) if x else -1 for x in seen]
    # The last column is for those that no model can run under.
    padded = np.pad(correct / total, ((0, 0), (0, 1)), constant_values=np.nan)
    return padded[:, columns]


def _impair(sample: dict, absent: frozenset, blank: Any) -> dict:
    """A packed sample under a condition."""
    return without_modalities(blank(sample) if blank else sample, absent)
