"""Small models and batches for the tests of this folder."""

import copy

import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from mmengine.registry import init_default_scope

import mmbimodal  # noqa: F401
from mmbimodal.structures import ModalityTokens

MODALITIES = ('visible', 'thermal')
CHANNELS, HEADS, CLASSES, FRAMES = 24, 3, 5, 4
PATCH, SIDE = 4, 16
REGIONS = (SIDE // PATCH) ** 2


def model_config(neck=None, head=None, **backbone):
    """Config of a recognizer; keys of the parts override the defaults.

    ``sigma`` is large, so that few draws of few frames give a gradient.
    """
    backbone = dict(
        dict(
            type='BimodalTimeSformer',
            modalities=MODALITIES,
            num_frames=FRAMES,
            img_size=SIDE,
            patch_size=PATCH,
            embed_dims=CHANNELS,
            num_heads=HEADS,
            num_layers=2,
        ),
        **backbone,
    )
    neck = neck or {}
    if neck.get('type', 'KeyframeSelector') == 'KeyframeSelector':
        neck = dict(
            dict(type='KeyframeSelector', in_channels=CHANNELS, sigma=0.5), **neck
        )
    head = head or {}
    if head.get('type', 'MaskedFusionHead') == 'MaskedFusionHead':
        head = dict(
            dict(
                type='MaskedFusionHead',
                num_classes=CLASSES,
                in_channels=CHANNELS,
                num_heads=HEADS,
                average_clips='prob',
            ),
            **head,
        )
    return dict(
        type='MultiModalRecognizer', backbone=backbone, neck=neck, cls_head=head
    )


def perturb(module, seed=0, std=0.2):
    """Random values everywhere, where initialisation leaves zeros, too."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in module.parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            parameter.add_(std * noise.to(parameter.dtype))
    return module


def build(config, seed=0, std=0.2):
    init_default_scope('mmaction')
    torch.manual_seed(seed)
    model = MODELS.build(copy.deepcopy(config))
    model.init_weights()
    return perturb(model, seed, std)


def make_batch(
    size, views=1, seed=0, absent=(), dtype=torch.float32, modalities=MODALITIES
):
    """Inputs B×V×3×T×H×W and labels; ``absent``: pairs (modality, row).

    The pixels of absent rows are as random as the others: only the metainfo
    says that they are absent.
    """
    generator = torch.Generator().manual_seed(seed)
    inputs = {
        name: torch.randn(size, views, 3, FRAMES, SIDE, SIDE, generator=generator).to(
            dtype
        )
        for name in modalities
    }
    samples = [
        ActionDataSample(
            metainfo=dict(
                modalities={k: {} for k in modalities if (k, i) not in absent}
            )
        ).set_gt_label(i % CLASSES)
        for i in range(size)
    ]
    return inputs, samples


def tokens(
    size=2,
    frames=FRAMES,
    regions=9,
    channels=12,
    seed=0,
    absent=(),
    dtype=torch.float64,
    modalities=MODALITIES,
):
    """What a backbone could return; leaves that require gradients."""
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape):
        return torch.randn(*shape, generator=generator).to(dtype)

    feats = {}
    for name in modalities:
        present = torch.tensor([(name, i) not in absent for i in range(size)])
        feats[name] = ModalityTokens(
            draw(size, channels).requires_grad_(),
            draw(size, frames, regions, channels).requires_grad_(),
            draw(size, frames, regions).abs(),
            present,
        )
    return feats


def labels(*classes):
    return [ActionDataSample().set_gt_label(x) for x in classes]


def total(losses):
    return sum(value for name, value in losses.items() if 'loss' in name)
