"""Extensions of STAF that the paper does not have."""

import pytest
import torch
from factory import build, make_batch, model_config, total
from mmaction.registry import MODELS
from mmengine.registry import init_default_scope

from mmbimodal.models.layers import perturbed_jacobian


def score_gradient(grad, present, **options):
    """Gradient of the scores of four frames, of which two are chosen, and J."""
    init_default_scope('mmaction')
    neck = MODELS.build(dict(type='KeyframeSelector', in_channels=4, **options))
    scores = torch.tensor([[0.9, 0.6, 0.3, 0.0]], requires_grad=True)
    ranking = scores.masked_fill(~present, -torch.inf)
    torch.manual_seed(0)
    neck._mark_frames(scores, ranking, torch.tensor([[0, 1]])).backward(grad)
    torch.manual_seed(0)
    noise = torch.randn(neck.num_samples, 1, 4)
    jacobian = perturbed_jacobian(ranking.detach(), 2, noise, neck.sigma)
    return scores.grad, jacobian


@pytest.mark.parametrize(
    'options,present,expected',
    [
        ({}, [1, 1, 1, 1], [5.0, 1.0, 0.0, 0.0]),
        (dict(centre_gradient=True), [1, 1, 1, 1], [2.0, -2.0, 0.0, 0.0]),
        # a frame that is not there is no part of the mean
        (dict(centre_gradient=True), [1, 0, 0, 0], [0.0, 0.0, 0.0, 0.0]),
    ],
)
def test_centred_gradient(options, present, expected):
    """Marks with the gradients 5 and 1: less their mean, 2 and −2."""
    grad = torch.tensor([[5.0, 1.0, 0.0, 0.0]])
    found, jacobian = score_gradient(
        grad, torch.tensor([present]).bool(), sigma=0.5, **options
    )
    expected = torch.einsum('bfg,bf->bg', jacobian, torch.tensor([expected]))
    torch.testing.assert_close(found, expected)


def test_identity_init_starts_from_the_sum():
    model = build(model_config(head=dict(identity_init=True)), std=0).eval()
    inputs, samples = make_batch(2)
    found = model(inputs, samples, stage='head')
    feats = model.extract_feat(inputs, stage='neck')[0]
    expected = model.cls_head.fc_cls(feats.cls_token)
    torch.testing.assert_close(found, expected)
    plain = build(model_config(), std=0).eval()
    assert (plain(inputs, samples, stage='head') - expected).abs().max() > 1e-4


@pytest.mark.parametrize(
    'options',
    [dict(neck=dict(centre_gradient=True)), dict(head=dict(identity_init=True))],
)
def test_gradients_reach_every_parameter(options):
    model = build(model_config(**options)).train()
    total(model(*make_batch(2), mode='loss')).backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None and parameter.grad.isfinite().all(), name
    assert model.neck.fc1.weight.grad.abs().max() > 0
    assert model.cls_head.fusion['attn'].qkv.weight.grad.abs().max() > 0
