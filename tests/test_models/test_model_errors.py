"""Mistakes in a model's config: one sentence, which names the key."""

import pytest
import torch
from factory import build, model_config

from mmbimodal.errors import InputError
from mmbimodal.models import (
    BimodalTimeSformer,
    KeepAll,
    KeyframeSelector,
    MaskedFusionHead,
    SelfDistillLoss,
)

SELECTOR = [
    (dict(k1=0.6, k2=0.5), 'k1=0.6 and k2=0.5'),
    (dict(k1=0.0), 'k1=0.0'),
    (dict(k1=-0.25), 'k1=-0.25'),
    (dict(k2=-0.1), 'k2=-0.1'),
    (dict(k1=1.5, k2=0.0), 'k1=1.5'),
    (dict(r1=0.0), 'r1=0.0'),
    (dict(r1=1.01), 'r1=1.01'),
    (dict(r2=0.0), 'r2=0.0'),
    (dict(r2=60), 'r2=60'),
    (dict(r1=float('nan')), 'r1=nan'),
]
HEAD = [
    (dict(path='sparse'), "path='sparse'.*'gather' or 'dense'"),
    (dict(mask_attention=False), "mask_attention.*path='dense'"),
    (dict(path='gather', mask_attention=False, fusion=False), 'mask_attention'),
]
BACKBONE = [
    (dict(img_size=30), 'img_size 30.*patch_size 4'),
    (dict(patch_size=5), 'patch_size 5'),
    (dict(num_heads=5), 'embed_dims 24.*num_heads 5'),
]
BALANCE = [-0.1, 1.1, float('nan')]


def assert_one_sentence(error):
    message = str(error.value)
    assert '\n' not in message.strip()
    assert '. ' not in message.replace('eq. ', '')


@pytest.mark.parametrize('keys,message', SELECTOR)
def test_selector(keys, message):
    with pytest.raises(InputError, match=message) as error:
        KeyframeSelector(in_channels=8, **keys)
    assert_one_sentence(error)


@pytest.mark.parametrize('keys,message', HEAD)
def test_head(keys, message):
    with pytest.raises(InputError, match=message) as error:
        MaskedFusionHead(num_classes=3, in_channels=12, num_heads=3, **keys)
    assert_one_sentence(error)


@pytest.mark.parametrize('keys,message', BACKBONE)
def test_backbone(keys, message):
    keys = dict(
        dict(
            modalities=('a',),
            img_size=16,
            patch_size=4,
            embed_dims=24,
            num_heads=3,
            num_layers=1,
        ),
        **keys,
    )
    with pytest.raises(InputError, match=message) as error:
        BimodalTimeSformer(**keys)
    assert_one_sentence(error)


@pytest.mark.parametrize('balance', BALANCE)
def test_balance(balance):
    with pytest.raises(InputError, match=f'balance={balance}') as error:
        SelfDistillLoss(balance=balance)
    assert_one_sentence(error)


@pytest.mark.parametrize(
    'keys',
    [
        dict(k1=0.7, k2=0.3),
        dict(k1=0.9, k2=0.1),
        dict(k1=1.0, k2=0.0),
        dict(r1=1.0, r2=1.0),
    ],
)
def test_the_limits_themselves_are_allowed(keys):
    KeyframeSelector(in_channels=8, **keys)


@pytest.mark.parametrize('balance', [0, 1])
def test_the_limits_of_balance_are_allowed(balance):
    SelfDistillLoss(balance=balance)


@pytest.mark.parametrize(
    'config,message',
    [
        (dict(neck=dict(k1=0.9, k2=0.9)), 'k1=0.9'),
        (dict(head=dict(path='sparse')), "path='sparse'"),
        (
            dict(head=dict(loss_distill=dict(type='SelfDistillLoss', balance=2))),
            'balance=2',
        ),
        (dict(img_size=30), 'img_size 30'),
    ],
)
def test_it_stays_an_input_error_through_the_registry(config, message):
    """mmengine builds components inside a component."""
    with pytest.raises(InputError, match=message):
        build(model_config(**config))


def clips(frames=4, side=16):
    return {name: torch.zeros(1, 3, frames, side, side) for name in 'ab'}


def backbone(**keys):
    return BimodalTimeSformer(
        ('a', 'b'),
        num_frames=4,
        img_size=16,
        patch_size=4,
        embed_dims=12,
        num_heads=2,
        num_layers=1,
        **keys,
    )


@pytest.mark.parametrize(
    'keys, message',
    [
        (dict(frames=6), 'have 6 frames of 16x16 pixels.*for 4 of 16x16'),
        (dict(side=20), 'have 4 frames of 20x20 pixels.*img_size'),
    ],
)
def test_clips_of_another_size(keys, message):
    with pytest.raises(InputError, match=message):
        backbone()(clips(**keys))


def test_selection_without_saliency():
    feats = backbone(with_saliency=False)(clips())
    assert feats['a'].saliency is None
    with pytest.raises(InputError, match='with_saliency=True'):
        KeyframeSelector(in_channels=12)(feats)
    kept, _ = KeepAll()(feats)
    assert kept.marks.shape == (1, 8, 16) and kept.marks.all()
