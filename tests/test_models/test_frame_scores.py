"""Numerics of eqs 1–4 and of the ranking."""

import pytest
import torch
from factory import (
    CHANNELS,
    FRAMES,
    MODALITIES,
    build,
    labels,
    model_config,
    tokens,
    total,
)
from mmaction.registry import MODELS

from mmbimodal.models.layers import alternating_order, descending_order
from mmbimodal.models.necks.keyframe_selector import MIN_RANGE, normalise_scores
from mmbimodal.structures import ModalityTokens


def selector(channels=12, **kwargs):
    neck = MODELS.build(dict(type='KeyframeSelector', in_channels=channels, **kwargs))
    neck.init_weights()
    return neck


def test_scores_are_those_of_float32_under_mixed_precision():
    """Frames that differ in the last bits of bfloat16 do not tie."""
    torch.manual_seed(0)
    patches = 1 + 1e-3 * torch.randn(6, 16, 5, CHANNELS)
    present = torch.ones(6, 16, dtype=torch.bool)
    neck = selector(CHANNELS)
    expected = neck.score_frames(patches, present)
    with torch.autocast('cpu', torch.bfloat16):
        found = neck.score_frames(patches, present)
        rough = neck.fc2(torch.cat(2 * [neck.fc1(patches.mean(dim=2))], dim=-1))
    assert torch.equal(found, expected)
    assert all(len(row.unique()) == 16 for row in found)
    assert any(len(row.unique()) < 16 for row in rough)


def test_patches_in_half_precision_are_averaged_in_float32():
    torch.manual_seed(0)
    patches = torch.randn(2, 8, 50, CHANNELS).bfloat16()
    present = torch.ones(2, 8, dtype=torch.bool)
    neck = selector(CHANNELS)
    torch.testing.assert_close(
        neck.score_frames(patches, present),
        neck.score_frames(patches.float(), present),
    )


def equal_frames(batch=2, absent=()):
    """Tokens of which all frames are equal."""
    feats = tokens(batch, absent=absent, dtype=torch.float32)
    return {
        name: ModalityTokens(
            x.cls_token.detach(), torch.ones_like(x.patches), x.saliency, x.present
        )
        for name, x in feats.items()
    }


@pytest.mark.parametrize('order', [MODALITIES, MODALITIES[::-1]])
@pytest.mark.parametrize('k1,k2', [(0.25, 0.25), (0.5, 0.0), (0.25, 0.0)])
def test_equal_scores_favour_no_modality(order, k1, k2):
    feats = equal_frames()
    marks = (
        selector(k1=k1, k2=k2).eval()({name: feats[name] for name in order})[0].marks
    )
    # B×F×N -> B×modality
    kept = marks.any(dim=2).unflatten(1, (2, FRAMES)).sum(dim=2)
    assert (kept[:, 0] == kept[:, 1]).all() and kept.any()


def test_key_and_secondary_frames_tie_alike():
    marks = selector(k1=0.25, k2=0.25, r1=0.9, r2=0.3).eval()(equal_frames())[0].marks
    sums = marks.sum(dim=2).unflatten(1, (2, FRAMES))
    for one, other in zip(*sums.sort(dim=2).values.unbind(dim=1)):
        assert torch.equal(one, other)


def test_equal_scores_of_a_sample_without_a_modality():
    marks = selector().eval()(equal_frames(absent=[('thermal', 1)]))[0].marks
    kept = marks.any(dim=2).unflatten(1, (2, FRAMES)).sum(dim=2)
    assert kept[1].tolist() == [4, 0]


@pytest.mark.parametrize('frames', [[3], [4, 4], [3, 3, 3], [2, 4], [8, 8]])
def test_alternating_order(frames):
    order = alternating_order(frames)
    assert sorted(order) == list(range(sum(frames)))
    if len(frames) == 2 and frames[0] == frames[1]:
        # Each modality is first at every other time.
        firsts = [frame >= frames[0] for frame in order[::2]]
        assert firsts == [bool(t % 2) for t in range(frames[0])]
        for stop in range(2, len(order) + 1, 2):
            of_first = sum(frame < frames[0] for frame in order[:stop])
            assert of_first == stop // 2


def test_order_of_equal_values_is_that_of_their_indices():
    values = torch.tensor([[1.0, 3.0, 3.0, 0.0, 3.0], [2.0] * 5])
    assert descending_order(values).tolist() == [[1, 2, 4, 0, 3], [0, 1, 2, 3, 4]]
    assert descending_order(values, 2).tolist() == [[1, 2], [0, 1]]


@pytest.mark.parametrize('span', [1e-7, 1e-5, 1e-3, 0.1, 3.0])
def test_gradient_of_the_normalisation_is_bounded(span):
    torch.manual_seed(0)
    s = (span * torch.rand(4, 16, dtype=torch.float64)).requires_grad_()
    present = torch.ones(4, 16, dtype=torch.bool)
    present[1, 8:] = False
    weight = torch.randn(4, 16, dtype=torch.float64)
    scores = normalise_scores(s, present)
    (gradient,) = torch.autograd.grad((weight * scores).sum(), s)
    assert gradient.abs().max() <= weight.abs().sum() / MIN_RANGE
    assert not gradient[1, 8:].any()
    if span == 0.1:
        low, high = s[:1].amin(), s[:1].amax()
        exact = (s[:1] - low) / (high - low)
        (expected,) = torch.autograd.grad((weight[:1] * exact).sum(), s)
        torch.testing.assert_close(gradient[:1], expected[:1])


def test_values_of_the_normalisation_are_exact_at_any_range():
    s = torch.tensor([[0.0, 1.0, 2.0], [0.0, 1e-5, 2e-5], [7.0, 7.0, 7.0]])
    scores = normalise_scores(s, torch.ones(3, 3, dtype=torch.bool))
    expected = torch.tensor([[0.0, 0.5, 1.0], [0.0, 0.5, 1.0], [0.0, 0.0, 0.0]])
    torch.testing.assert_close(scores, expected)


def test_gradient_of_a_model_whose_frames_coincide():
    """The gradient of FC1 does not explode where all frames look alike."""
    model = build(model_config(num_layers=1)).train()
    clip = torch.randn(2, 1, 3, 1, 16, 16).expand(-1, -1, -1, FRAMES, -1, -1)
    clip = clip + 1e-6 * torch.randn(clip.shape)
    with torch.no_grad():
        model.backbone.encoders.shared.time_embed.zero_()
    total(model(dict.fromkeys(MODALITIES, clip), labels(0, 1), mode='loss')).backward()
    assert model.neck.fc1.weight.grad.norm() < 100
