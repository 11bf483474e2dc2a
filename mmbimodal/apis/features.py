"""Features of the branches and of the fusion, for plots."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from mmbimodal.structures import Features, pool_features


@torch.no_grad()
def extract_features(
    model: nn.Module, batches: Iterable[dict], classes: Sequence[str]
) -> Features:
    """Run samples through a recognizer and keep its features.

    The features of a branch are its class token or its averaged map. The
    features of the fusion are the input of the head's linear classifier
    ``fc_cls``, or the fused scores of a head that has a classifier for each
    branch. Views and images of a sample are averaged.

    Args:
        model (nn.Module): Of :func:`.init_recognizer`.
        batches (Iterable[dict]): Collated samples with labels.
        classes (Sequence[str]): Names of the classes.

    Returns:
        Features: Branches in the backbone's order, then the fusion.
    """
    seen: dict[str, Any] = {}
    classifier = getattr(model.cls_head, 'fc_cls', None)
    linear = isinstance(classifier, nn.Linear)
    hooks = [
        model.backbone.register_forward_hook(
            lambda module, inputs, output: seen.update(branches=output)
        )
    ]
    if linear:
        hooks.append(
            classifier.register_forward_pre_hook(
                lambda module, inputs: seen.update(fusion=inputs[0])
            )
        )
    rows: dict[str, list[Tensor]] = {}
    labels: list[Tensor] = []
    try:
        for batch in batches:
            data = model.data_preprocessor(batch, False)
            scores = model(data['inputs'], data['data_samples'], stage='head')
            count = len(data['data_samples'])
            labels += [x.gt_label for x in data['data_samples']]
            for name, branch in seen['branches'].items():
                x = torch.full((count, 1), torch.nan)
                if branch.features is not None:
                    present = branch.present.cpu().view(count, -1)[:, :1]
                    x = _per_sample(pool_features(branch.features), count)
                    x = x.masked_fill(~present, torch.nan)
                rows.setdefault(f'{name} branch', []).append(x)
            rows.setdefault('fusion' if linear else 'fused scores', []).append(
                _per_sample(seen['fusion'] if linear else scores, count)
            )
    finally:
        for hook in hooks:
            hook.remove()
    return Features(
        {name: _stack(x) for name, x in rows.items()},
        torch.cat(labels).cpu().numpy(),
        classes,
    )


def _per_sample(x: Tensor, count: int) -> Tensor:
    """Mean over the views and images of each sample, (N·n)×C -> N×C."""
    return x.float().cpu().view(count, -1, x.shape[-1]).mean(dim=1)


def _stack(rows: list[Tensor]) -> np.ndarray:
    """Batches n×C as one N×C; n×1 of a modality that a batch lacks."""
    width = max(x.shape[1] for x in rows)
    return torch.cat([x.expand(-1, width) for x in rows]).numpy()
