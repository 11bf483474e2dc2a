"""``path='dense'`` and ``path='gather'`` are the same function."""

import copy

import pytest
import torch
from factory import (
    CHANNELS,
    CLASSES,
    build,
    labels,
    make_batch,
    model_config,
    perturb,
    tokens,
    total,
)
from mmaction.registry import MODELS

from mmbimodal.structures import select_regions

CASES = dict(
    defaults=dict(),
    all_frames=dict(neck=dict(k1=0.5, k2=0.5)),
    key_frames_only=dict(neck=dict(k2=0.0)),
    one_region_per_frame=dict(neck=dict(r1=0.01, r2=0.01)),
    without_fusion=dict(head=dict(fusion=False)),
    without_distillation=dict(head=dict(loss_distill=None)),
    without_mlp_mask=dict(head=dict(mask_mlp=False)),
    absent=dict(absent=(('thermal', 1),)),
    absent_in_both_directions=dict(absent=(('thermal', 0), ('visible', 1))),
    quota_not_filled=dict(neck=dict(k1=0.5, k2=0.25), absent=(('visible', 2),)),
    no_secondary_frame_left=dict(neck=dict(k1=0.75, k2=0.25), absent=(('thermal', 0),)),
    keep_all=dict(neck=dict(type='KeepAll')),
    keep_all_absent=dict(neck=dict(type='KeepAll'), absent=(('visible', 0),)),
)


def run(path, case, dtype=torch.float64):
    """Logits, losses and all gradients of neck and head in training."""
    torch.manual_seed(0)
    config = model_config(
        neck=case.get('neck'), head=dict(case.get('head', {}), path=path)
    )
    neck, head = (MODELS.build(config[key]) for key in ('neck', 'cls_head'))
    for part in (neck, head):
        part.init_weights()
        perturb(part).to(dtype).train()
    feats = tokens(3, channels=CHANNELS, absent=case.get('absent', ()), dtype=dtype)
    torch.manual_seed(1)
    selected, _ = neck(feats)
    logits = head(selected)
    losses = head.loss(selected, labels(*(i % CLASSES for i in range(3))))
    (total(losses) + logits.square().mean()).backward()
    gradients = {
        **{f'neck.{k}': p.grad for k, p in neck.named_parameters()},
        **{f'head.{k}': p.grad for k, p in head.named_parameters()},
        **{
            f'{name}.{part}': getattr(x, part).grad
            for name, x in feats.items()
            for part in ('patches', 'cls_token')
        },
    }
    return logits, losses, gradients, selected


def assert_same(dense, gather, tolerance=1e-5):
    for expected, found in zip(dense[:3], gather[:3]):
        torch.testing.assert_close(found, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize('case', CASES)
def test_same_logits_losses_and_gradients(case):
    dense, gather = run('dense', CASES[case]), run('gather', CASES[case])
    assert_same(dense, gather)
    for name, gradient in dense[2].items():
        assert gradient is not None and gradient.isfinite().all(), name


@pytest.mark.parametrize('case', ['defaults', 'quota_not_filled'])
def test_same_in_float32(case):
    assert_same(
        *(run(path, CASES[case], torch.float32) for path in ('dense', 'gather'))
    )


@pytest.mark.parametrize(
    'case',
    ['defaults', 'without_fusion', 'without_mlp_mask', 'absent', 'quota_not_filled'],
)
@pytest.mark.parametrize('path', ['dense', 'gather'])
def test_the_losses_train_the_scorer(path, case):
    gradients = run(path, CASES[case])[2]
    for name in ('neck.fc1.weight', 'neck.fc2.weight'):
        assert gradients[name].abs().max() > 1e-8


@pytest.mark.parametrize('path', ['dense', 'gather'])
def test_a_frame_that_keeps_nothing_gets_no_gradient(path):
    """Its regions reach the loss through the scorer's mean only."""
    case = dict(head=dict(fusion=True))
    *_, selected = run(path, case)
    patches = selected.patches.detach().requires_grad_()
    feats = selected._replace(
        cls_token=selected.cls_token.detach(),
        patches=patches,
        marks=selected.marks.detach(),
    )
    head = MODELS.build(model_config(head=dict(path=path))['cls_head']).double()
    total(head.loss(feats, labels(0, 1, 2))).backward()
    dropped = feats.marks == 0
    assert dropped.all(dim=2).any()
    assert (patches.grad[dropped] == 0).all()
    assert (patches.grad[~dropped] != 0).any(dim=-1).all()


@pytest.mark.parametrize('path', ['dense', 'gather'])
def test_quotas_that_cannot_be_filled_keep_fewer(path):
    """0.75 of 8 frames are 6, of which sample 2 has 4 left."""
    selected = run(path, CASES['quota_not_filled'])[3]
    kept = (selected.marks > 0).any(dim=2).sum(dim=1)
    assert kept.tolist() == [6, 6, 4] and not selected.complete


def test_prediction_does_not_compute_the_regions():
    """One row of the fused sequence is all that ``forward`` needs."""
    selected = run('gather', CASES['defaults'])[3]
    head = MODELS.build(model_config()['cls_head']).double()
    cls_token, regions = head.fuse(
        selected, select_regions(selected, head.dense), regions=False
    )
    full, _ = head.fuse(selected, select_regions(selected, head.dense), regions=True)
    assert regions is None
    torch.testing.assert_close(cls_token, full)


@pytest.mark.parametrize('absent', [(), (('thermal', 1),)])
def test_whole_recognizer(absent):
    """The same through the backbone, stochastic depth included."""
    results = []
    for path in ('dense', 'gather'):
        model = build(model_config(head=dict(path=path))).double().train()
        inputs, samples = make_batch(3, absent=absent, dtype=torch.float64)
        torch.manual_seed(1)
        losses = model(copy.copy(inputs), samples, mode='loss')
        total(losses).backward()
        results.append((losses, {name: p.grad for name, p in model.named_parameters()}))
    torch.testing.assert_close(*results, rtol=1e-5, atol=1e-5)
