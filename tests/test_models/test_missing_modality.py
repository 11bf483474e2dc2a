"""A sample without its RGB or its IR stream."""

import pytest
import torch
from factory import FRAMES, MODALITIES, build, make_batch, model_config, total

SWITCHES = dict(
    gather=dict(),
    dense=dict(head=dict(path='dense')),
    all_frames=dict(neck=dict(k1=0.5, k2=0.5)),
    keep_all=dict(neck=dict(type='KeepAll')),
    without_fusion=dict(head=dict(fusion=False)),
    separate_weights=dict(share_weights=False),
    feature_addition=dict(
        neck=dict(type='FeatureSum'),
        head=dict(
            type='TimeSformerHead', num_classes=5, in_channels=24, average_clips='prob'
        ),
    ),
)


def frames_of(name):
    start = MODALITIES.index(name) * FRAMES
    return slice(start, start + FRAMES)


@pytest.mark.parametrize('name', MODALITIES)
@pytest.mark.parametrize('training', [True, False])
@pytest.mark.parametrize('neck', [dict(), dict(k1=0.75), dict(type='KeepAll')])
def test_its_frames_are_never_selected(name, training, neck):
    model = build(model_config(neck=neck)).train(training)
    inputs, samples = make_batch(3, absent=[(name, 1)])
    feats = model(inputs, samples, stage='neck')
    assert (feats.marks[1, frames_of(name)] == 0).all()
    assert (feats.frame_scores[1, frames_of(name)] == -torch.inf).all()
    assert feats.frame_scores[[0, 2]].isfinite().all()


@pytest.mark.parametrize('name', MODALITIES)
def test_the_other_modality_fills_the_quota(name):
    model = build(model_config()).eval()
    inputs, samples = make_batch(3, absent=[(name, 1)])
    marks = model(inputs, samples, stage='neck').marks
    assert len(set(marks.sum(dim=(1, 2)).tolist())) == 1
    assert marks[1].any(dim=1).sum() == FRAMES


def test_with_too_few_frames_fewer_are_kept():
    model = build(model_config(neck=dict(k1=0.5, k2=0.5))).eval()
    inputs, samples = make_batch(2, absent=[('thermal', 0)])
    kept = model(inputs, samples, stage='neck').marks.any(dim=2).sum(dim=1)
    assert kept.tolist() == [FRAMES, 2 * FRAMES]


@pytest.mark.parametrize('name', MODALITIES)
def test_class_token_is_that_of_the_present_modality(name):
    model = build(model_config()).eval()
    inputs, samples = make_batch(2, absent=[(name, 0)])
    each = model(inputs, samples, stage='backbone')
    merged = model(inputs, samples, stage='neck').cls_token
    (other,) = set(MODALITIES) - {name}
    torch.testing.assert_close(merged[0], each[other].cls_token[0])
    torch.testing.assert_close(merged[1], sum(x.cls_token[1] for x in each.values()))


@pytest.mark.parametrize('config', SWITCHES)
def test_no_nan_in_losses_and_gradients(config):
    model = build(model_config(**SWITCHES[config])).train()
    inputs, samples = make_batch(3, absent=[('visible', 0), ('thermal', 2)])
    losses = model(inputs, samples, mode='loss')
    for name, value in losses.items():
        assert torch.as_tensor(value).isfinite(), name
    total(losses).backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad.isfinite().all(), name


@pytest.mark.parametrize('config', SWITCHES)
def test_prediction_does_not_depend_on_the_rest_of_the_batch(config):
    model = build(model_config(**SWITCHES[config])).eval()
    inputs, samples = make_batch(4, absent=[('visible', 1), ('thermal', 3)])
    with torch.no_grad():
        together = model(inputs, samples, stage='head')
        assert together.isfinite().all()
        for row in range(4):
            alone = model(
                {k: x[row : row + 1] for k, x in inputs.items()},
                samples[row : row + 1],
                stage='head',
            )
            torch.testing.assert_close(alone[0], together[row], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize('config', SWITCHES)
def test_every_sample_lacks_the_same_modality(config):
    model = build(model_config(**SWITCHES[config])).eval()
    inputs, samples = make_batch(2, absent=[('thermal', 0), ('thermal', 1)])
    assert model(inputs, samples, stage='head').isfinite().all()


def test_prediction_does_not_depend_on_the_weights_of_the_absent_branch():
    model = build(model_config(share_weights=False)).eval()
    inputs, samples = make_batch(1, absent=[('thermal', 0)])
    with torch.no_grad():
        before = model(inputs, samples, stage='head')
        for parameter in model.backbone.encoders['thermal'].parameters():
            parameter.add_(1.0)
        torch.testing.assert_close(model(inputs, samples, stage='head'), before)


def test_a_missing_stream_changes_the_prediction():
    model = build(model_config()).eval()
    inputs, samples = make_batch(1)
    absent, absent_samples = make_batch(1, absent=[('thermal', 0)])
    difference = model(inputs, samples, stage='head') - model(
        absent, absent_samples, stage='head'
    )
    assert difference.abs().max() > 1e-3


@pytest.mark.parametrize('config', SWITCHES)
def test_the_configs_order_rules(config):
    """A batch whose dict has the other order gives the same numbers."""
    model = build(model_config(**SWITCHES[config])).eval()
    inputs, samples = make_batch(2, absent=[('thermal', 1)])
    swapped = dict(reversed(inputs.items()))
    assert list(swapped) != list(inputs)
    for stage in ('backbone', 'head'):
        expected, found = (model(x, samples, stage=stage) for x in (inputs, swapped))
        if stage == 'backbone':
            assert list(found) == list(MODALITIES)
        else:
            assert torch.equal(found, expected)
