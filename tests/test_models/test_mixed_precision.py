"""bfloat16 autocast on CPU."""

import pytest
import torch
from factory import build, make_batch, model_config, total

from mmbimodal.models.layers import attention_product

PATHS = pytest.mark.parametrize('path', ['gather', 'dense'])


def bf16():
    return torch.autocast('cpu', dtype=torch.bfloat16)


@PATHS
@pytest.mark.parametrize('absent', [(), (('thermal', 1),)])
def test_finite_loss_and_gradients(path, absent):
    model = build(model_config(head=dict(path=path))).train()
    inputs, samples = make_batch(3, absent=absent)
    with bf16():
        losses = model(inputs, samples, mode='loss')
    for name, value in losses.items():
        assert torch.as_tensor(value).isfinite(), name
    total(losses).backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad.isfinite().all(), name
        assert parameter.grad.dtype == torch.float32
    assert model.neck.fc1.weight.grad.abs().max() > 0


@PATHS
def test_logits_are_close_to_those_of_float32(path):
    """Everything kept: rounding may not move a frame over the threshold."""
    model = build(
        model_config(neck=dict(k1=1.0, k2=0.0, r1=1.0), head=dict(path=path)), std=0.05
    ).eval()
    inputs, _ = make_batch(4)
    with torch.no_grad():
        expected = model(inputs, stage='head')
        with bf16():
            found = model(inputs, stage='head')
    assert found.dtype == torch.bfloat16
    error = (found.float() - expected).norm() / expected.norm()
    assert 0 < error < 0.05


@PATHS
def test_losses_are_close_to_those_of_float32(path):
    model = build(
        model_config(neck=dict(k1=1.0, k2=0.0, r1=1.0), head=dict(path=path)), std=0.05
    ).eval()
    inputs, samples = make_batch(4)
    expected = model(inputs, samples, mode='loss')
    with bf16():
        found = model(inputs, samples, mode='loss')
    for name in ('loss_cls', 'loss_distill', 'loss_kl', 'loss_teacher'):
        assert found[name].dtype == torch.float32
        torch.testing.assert_close(found[name], expected[name], rtol=0.05, atol=1e-2)


def test_scores_and_saliency_are_float32():
    model = build(model_config()).eval()
    inputs, _ = make_batch(2)
    with bf16():
        each = model(inputs, stage='backbone')
        feats = model(inputs, stage='neck')
    assert all(x.saliency.dtype == torch.float32 for x in each.values())
    assert all(x.patches.dtype == torch.float32 for x in each.values())
    assert feats.frame_scores.dtype == torch.float32
    assert feats.marks.dtype == torch.float32


def test_the_product_of_ten_maps_keeps_its_ranking():
    """In bfloat16 neighbouring scores fall together."""
    generator = torch.Generator().manual_seed(0)
    qk = [
        tuple(
            torch.randn(1, 2, 50, 8, generator=generator).bfloat16() for _ in range(2)
        )
        for _ in range(10)
    ]
    with bf16():
        scores = attention_product(qk)
        maps = [
            (q @ k.transpose(-2, -1) / 8**0.5).softmax(dim=-1).bfloat16() for q, k in qk
        ]
        rough = maps[9][:, :, :1]
        for attention in reversed(maps[:9]):
            rough = rough @ attention
    assert scores.dtype == torch.float32
    assert scores.unique().numel() == 49
    assert rough[0, :, 0, 1:].mean(dim=0).unique().numel() < 40
