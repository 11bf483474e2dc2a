"""Hard top-k in forward, its smoothed expectation in backward."""

import math

import pytest
import torch
from factory import CHANNELS, model_config, tokens
from mmaction.registry import MODELS

from mmbimodal.models.layers import perturbed_jacobian, straight_through, top_indicator


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


def test_top_indicator_by_hand():
    scores = torch.tensor([[0.1, 0.9, 0.5], [0.3, 0.2, 0.1]])
    assert top_indicator(scores, 2).tolist() == [[0, 1, 1], [1, 1, 0]]


@pytest.mark.parametrize('k', [1, 2, 3])
def test_ties_go_to_the_lower_index(k):
    expected = [1.0] * k + [0.0] * (4 - k)
    assert top_indicator(torch.zeros(4), k).tolist() == expected


@pytest.mark.parametrize('k', [1, 2, 4])
def test_jacobian_is_that_of_the_expectation(k):
    """Central differences with common random numbers."""
    sigma, step, draws = 0.3, 0.03, 200_000
    scores = torch.tensor([0.0, 0.2, 0.45, 0.6, 1.0])
    noise = torch.randn(draws, 1, 5)
    jacobian = perturbed_jacobian(scores[None], k, noise, sigma)[0]
    expected = torch.zeros(5, 5)
    noise = torch.randn(draws, 5)
    for i, shift in enumerate(torch.eye(5) * step):
        expected[:, i] = (
            top_indicator(scores + shift + sigma * noise, k).mean(dim=0)
            - top_indicator(scores - shift + sigma * noise, k).mean(dim=0)
        ) / (2 * step)
    cosine = (jacobian * expected).sum() / (jacobian.norm() * expected.norm())
    assert cosine > 0.99
    assert float(jacobian.norm() / expected.norm()) == pytest.approx(1, abs=0.05)


def test_jacobian_of_two_scores_in_closed_form():
    """P(first) = Φ(difference / σ√2), whose slope is a normal density."""
    sigma, difference = 0.4, 0.3
    noise = torch.randn(200_000, 1, 2)
    jacobian = perturbed_jacobian(torch.tensor([[difference, 0.0]]), 1, noise, sigma)[0]
    width = sigma * math.sqrt(2)
    slope = math.exp(-((difference / width) ** 2) / 2) / (
        width * math.sqrt(2 * math.pi)
    )
    expected = slope * torch.tensor([[1.0, -1.0], [-1.0, 1.0]])
    torch.testing.assert_close(jacobian, expected, atol=0.02, rtol=0)


def test_the_number_of_chosen_frames_does_not_change_with_the_scores():
    """Columns of the Jacobian sum to 0."""
    jacobian = perturbed_jacobian(torch.rand(2, 6), 3, torch.randn(500, 2, 6), 0.3)
    torch.testing.assert_close(
        jacobian.sum(dim=1), torch.zeros(2, 6), atol=1e-5, rtol=0
    )


def test_straight_through():
    """The indicator exactly in forward, the Jacobian exactly in backward."""
    scores = torch.tensor([[0.123, 0.456, 0.789]], requires_grad=True)
    hard = top_indicator(scores.detach(), 1)
    jacobian = torch.randn(1, 3, 3)
    out = straight_through(hard, scores, jacobian)
    assert torch.equal(out, hard)
    weight = torch.tensor([[1.0, 10.0, 100.0]])
    (out * weight).sum().backward()
    torch.testing.assert_close(scores.grad, (weight[:, :, None] * jacobian).sum(dim=1))


@pytest.mark.parametrize('k', [1, 2, 3])
def test_absent_frames_are_never_chosen(k):
    """Under no noise, and they get no gradient."""
    scores = torch.tensor([[0.1, -math.inf, 0.9, 0.2, -math.inf]])
    noise = torch.randn(1000, 1, 5)
    chosen = top_indicator(scores + noise, k)
    assert chosen[..., [1, 4]].sum() == 0
    jacobian = perturbed_jacobian(scores, k, noise, 1.0)
    assert jacobian.isfinite().all()
    assert jacobian[:, [1, 4]].abs().max() == 0


def test_more_frames_wanted_than_there_are():
    scores = torch.tensor([[0.1, -math.inf, 0.9, -math.inf]])
    jacobian = perturbed_jacobian(scores, 3, torch.randn(100, 1, 4), 1.0)
    assert jacobian.abs().max() < 1e-6


def neck(training, **kwargs):
    config = dict(model_config(neck=kwargs)['neck'], num_samples=50)
    module = MODELS.build(config).train(training)
    module.init_weights()
    return module


def test_testing_is_deterministic_and_draws_nothing():
    module = neck(False)
    feats = tokens(channels=CHANNELS, dtype=torch.float32)
    state = torch.get_rng_state()
    first, second = module(feats)[0], module(feats)[0]
    assert torch.equal(state, torch.get_rng_state())
    for one, two in zip(first[:4], second[:4]):
        assert torch.equal(one, two)


def test_training_selects_what_testing_selects():
    feats = tokens(channels=CHANNELS, dtype=torch.float32)
    module = neck(True)
    training = module(feats)[0]
    testing = module.eval()(feats)[0]
    assert torch.equal(training.marks, testing.marks)
    assert training.marks.requires_grad and not testing.marks.requires_grad


@pytest.mark.parametrize('training', [True, False])
@pytest.mark.parametrize('modalities', [('a',), ('a', 'b', 'c')])
def test_equal_scores_of_all_frames(training, modalities):
    """Eq. 4 would divide by zero; the first frames of each modality win."""
    feats = tokens(channels=CHANNELS, dtype=torch.float32, modalities=modalities)
    feats = {
        name: x._replace(patches=torch.ones_like(x.patches).requires_grad_())
        for name, x in feats.items()
    }
    module = neck(training)
    selected, _ = module(feats)
    assert (selected.frame_scores == 0).all()
    # B×F -> B×S×4
    kept = (selected.marks > 0).any(dim=2).unflatten(1, (len(modalities), 4))
    assert kept[..., :2].all() and not kept[..., 2:].any()
    if training:
        (selected.marks * torch.randn_like(selected.marks)).sum().backward()
        for tensor in (*module.parameters(), feats['a'].patches):
            assert tensor.grad.isfinite().all()


def test_two_equal_frames():
    feats = tokens(channels=CHANNELS, dtype=torch.float32, modalities=('a',))
    patches = feats['a'].patches.detach().clone()
    patches[:, 1] = patches[:, 0]
    module = neck(True)
    selected, _ = module({'a': feats['a']._replace(patches=patches.requires_grad_())})
    (selected.marks * torch.randn_like(selected.marks)).sum().backward()
    assert patches.grad.isfinite().all()
    assert (selected.marks > 0).any(dim=2).sum(dim=1).tolist() == [2, 2]
