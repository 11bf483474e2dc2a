"""The models of the benchmark: STAF beside the baseline it stands on."""

import copy
from typing import NamedTuple

import torch
from mmaction.registry import MODELS
from mmengine.config import Config
from mmengine.registry import init_default_scope
from torch import Tensor, nn


class Variant(NamedTuple):
    """One of the models that are compared.

    Args:
        name (str): What it is, in words.
        model (dict): Its config.
        optimizer (dict): Config of its optimizer.
        clips (dict[str, tuple]): Shape 3×T×H×W of each modality's clip.
    """

    name: str
    model: dict
    optimizer: dict
    clips: dict[str, tuple[int, int, int, int]]


def make_variants(
    baseline: Config, staf: Config, modalities: int = 2, **size: int
) -> dict[str, Variant]:
    """The models of the comparison, all of one size.

    Args:
        baseline (Config): Feature addition over ``BimodalTimeSformer``.
        staf (Config): STAF over the same backbone.
        modalities (int): Number of modalities. Defaults to 2.
        size: ``num_frames``, ``img_size`` or ``num_layers`` of the backbone
            in place of the configs' own.

    Returns:
        dict[str, Variant]: ``a1`` and ``a2``, MMAction2's own ``TimeSformer``
        in one batch and in one call per modality; ``b``, the toolbox's
        backbone with the same head; ``c`` and ``d``, STAF with both paths.
    """
    plain, dense, gather = (
        copy.deepcopy(x.model.to_dict()) for x in (baseline, staf, staf)
    )
    for model in (plain, dense, gather):
        model.pop('data_preprocessor')
        model['backbone'].pop('init_cfg', None)
        names = list(model['backbone']['modalities'])
        names += [f'modality_{i}' for i in range(3, modalities + 1)]
        model['backbone'].update(size, modalities=tuple(names[:modalities]))
    dense['cls_head']['path'], gather['cls_head']['path'] = 'dense', 'gather'

    ours = plain['backbone']
    names, frames, side = ours['modalities'], ours['num_frames'], ours['img_size']
    keys = ('num_frames', 'img_size', 'patch_size', 'embed_dims', 'num_heads')
    branch = dict(
        {key: ours[key] for key in keys},
        type='TimeSformer',
        num_transformer_layers=ours['num_layers'],
    )
    shared = dict(type='MultiBranchBackbone', branch=branch, modalities=names)
    separate = dict(type='MultiBranchBackbone', branches=dict.fromkeys(names, branch))
    sgd, staf_sgd = (x.optim_wrapper.optimizer.to_dict() for x in (baseline, staf))
    clips = dict.fromkeys(names, (3, frames, side, side))
    rows = (
        ('a1', "MMAction2's TimeSformer, one batch", dict(plain, backbone=shared)),
        (
            'a2',
            "MMAction2's TimeSformer, one call each",
            dict(plain, backbone=separate),
        ),
        ('b', 'BimodalTimeSformer, features added', plain),
        ('c', 'STAF, dense', dense),
        ('d', 'STAF, gather (default)', gather),
    )
    return {
        key: Variant(name, model, staf_sgd if key in 'cd' else sgd, clips)
        for key, name, model in rows
    }


def build_model(variant: Variant, device: str) -> nn.Module:
    """The untrained model of a variant; its branches share their weights."""
    init_default_scope('mmaction')
    torch.manual_seed(0)
    model = MODELS.build(copy.deepcopy(variant.model))
    branches = getattr(model.backbone, 'branches', {})
    for name in branches:
        branches[name] = next(iter(branches.values()))
    return model.to(device)


def make_inputs(variant: Variant, batch: int, device: str) -> dict[str, Tensor]:
    """Noise in place of clips, B×1×3×T×H×W for each modality."""
    generator = torch.Generator().manual_seed(0)
    return {
        name: torch.randn(batch, 1, *shape, generator=generator).to(device)
        for name, shape in variant.clips.items()
    }
