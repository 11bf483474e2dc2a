"""Contracts of the recognizer with MMAction2 and with its callers."""

import copy

import pytest
import torch
from factory import (
    CHANNELS,
    CLASSES,
    FRAMES,
    MODALITIES,
    REGIONS,
    build,
    make_batch,
    model_config,
)

from mmbimodal.errors import InputError
from mmbimodal.structures import ModalityTokens, SelectedTokens

STAF = dict()
BASELINE = dict(
    neck=dict(type='FeatureSum'),
    head=dict(
        type='TimeSformerHead',
        num_classes=CLASSES,
        in_channels=CHANNELS,
        average_clips='prob',
    ),
)
BOTH = pytest.mark.parametrize('config', [STAF, BASELINE], ids=['staf', 'baseline'])


def recognizer(config=STAF, **kwargs):
    return build(model_config(**config, **kwargs)).eval()


@BOTH
@pytest.mark.parametrize('mode', ['tensor', 'loss', 'predict'])
def test_inputs_are_not_modified(config, mode):
    model = recognizer(config)
    inputs, samples = make_batch(
        2, views=1 if mode == 'loss' else 2, absent=[('thermal', 1)]
    )
    names, before = list(inputs), copy.deepcopy(inputs)
    tensors = dict(inputs)
    model(inputs, samples, mode=mode)
    assert list(inputs) == names
    for name in names:
        assert inputs[name] is tensors[name]
        torch.testing.assert_close(
            inputs[name], before[name], rtol=0, atol=0, equal_nan=True
        )


@BOTH
def test_loss_does_not_modify_the_data_samples(config):
    inputs, samples = make_batch(2)
    before = copy.deepcopy(samples)
    recognizer(config)(inputs, samples, mode='loss')
    for sample, old in zip(samples, before):
        assert sample.keys() == old.keys()
        assert torch.equal(sample.gt_label, old.gt_label)
        assert sample.metainfo == old.metainfo


def test_the_config_is_not_modified():
    config = model_config()
    before = copy.deepcopy(config)
    build(config)
    assert config == before


def test_different_numbers_of_views_are_an_error():
    inputs, _ = make_batch(2, views=3)
    inputs['thermal'] = inputs['thermal'][:, :2]
    with pytest.raises(InputError, match='different numbers of views'):
        recognizer()(inputs)


@BOTH
def test_prediction_is_the_mean_of_the_views_probabilities(config):
    model = recognizer(config)
    inputs, samples = make_batch(2, views=3)
    with torch.no_grad():
        predictions = model(inputs, samples, mode='predict')
        expected = torch.stack(
            [
                model(
                    {k: x[:, view : view + 1] for k, x in inputs.items()}, stage='head'
                ).softmax(dim=1)
                for view in range(3)
            ]
        ).mean(dim=0)
    for prediction, row in zip(predictions, expected):
        torch.testing.assert_close(prediction.pred_score, row, rtol=1e-5, atol=1e-6)
        assert prediction.pred_label.item() == row.argmax().item()


@BOTH
@pytest.mark.parametrize('size', [1, CLASSES, CLASSES + 1])
def test_batch_sizes(config, size):
    """One, and as many samples as classes: MMAction2 trips over both."""
    model = recognizer(config)
    inputs, samples = make_batch(size)
    losses = model.train()(inputs, samples, mode='loss')
    assert all(torch.as_tensor(x).isfinite() for x in losses.values())
    predictions = model.eval()(inputs, samples, mode='predict')
    assert len(predictions) == size
    for x in predictions:
        assert x.pred_score.shape == (CLASSES,)
        assert x.pred_score.sum().item() == pytest.approx(1, abs=1e-5)


def test_loss_of_a_batch_of_one_is_that_of_the_same_sample_twice():
    model = recognizer()
    inputs, samples = make_batch(1)
    once = model(inputs, samples, mode='loss')
    twice = model(
        {k: x.repeat(2, 1, 1, 1, 1, 1) for k, x in inputs.items()},
        2 * samples,
        mode='loss',
    )
    for name, value in once.items():
        torch.testing.assert_close(twice[name], value, rtol=1e-5, atol=1e-6)


def test_stage_backbone():
    inputs, _ = make_batch(2, views=3)
    feats = recognizer()(inputs, stage='backbone')
    assert tuple(feats) == MODALITIES
    for x in feats.values():
        assert isinstance(x, ModalityTokens)
        assert x.patches.shape == (6, FRAMES, REGIONS, CHANNELS)


def test_stage_neck():
    inputs, _ = make_batch(2, views=3)
    feats = recognizer()(inputs, stage='neck')
    assert isinstance(feats, SelectedTokens)
    assert feats.marks.shape == (6, 2 * FRAMES, REGIONS)


@BOTH
def test_stage_head(config):
    inputs, _ = make_batch(2, views=3)
    scores = recognizer(config)(inputs, stage='head')
    assert scores.shape == (6, CLASSES)


@BOTH
def test_loss_keys(config):
    """mmengine adds up every key with "loss" in it, and no other."""
    inputs, samples = make_batch(2)
    losses = recognizer(config).train()(inputs, samples, mode='loss')
    expected = {'loss_cls'}
    if config is STAF:
        expected |= {'loss_distill', 'loss_kl', 'loss_teacher'}
    assert {name for name in losses if 'loss' in name} == expected
    assert {name for name in losses if 'loss' not in name} == {'top1_acc', 'top5_acc'}


def test_switched_off_distillation_leaves_the_cross_entropy():
    inputs, samples = make_batch(2)
    model = recognizer(head=dict(loss_distill=None))
    losses = model(inputs, samples, mode='loss')
    assert {name for name in losses if 'loss' in name} == {'loss_cls'}
    assert not any('teacher' in name for name, _ in model.named_parameters())


def test_mmengine_adds_up_the_loss():
    inputs, samples = make_batch(2)
    model = recognizer()
    losses = model(inputs, samples, mode='loss')
    added, _ = model.parse_losses(losses)
    torch.testing.assert_close(
        added, sum(x for name, x in losses.items() if 'loss' in name)
    )


def test_soft_labels_of_one_class_are_its_index():
    """As MMAction2's MixUp and CutMix hand them over."""
    model = recognizer()
    inputs, samples = make_batch(3)
    expected = model(inputs, samples, mode='loss')
    eye = torch.eye(CLASSES)
    soft = copy.deepcopy(samples)
    for i, sample in enumerate(soft):
        sample.set_gt_label(eye[i])
    found = model(inputs, soft, mode='loss')
    for name in ('loss_cls', 'loss_distill', 'loss_kl', 'loss_teacher'):
        torch.testing.assert_close(found[name], expected[name])


@BOTH
def test_train_and_eval_return_the_model(config):
    model = recognizer(config)
    for part in (model, *model.children()):
        assert part.train() is part and part.training
        assert part.train(False) is part and not part.training
        assert part.eval() is part


def test_default_arguments_are_not_modified():
    """The head's default ``loss_distill`` is one dict for all heads."""
    for _ in range(2):
        model = recognizer()
        assert model.cls_head.loss_distill.balance == 0.1


def test_unknown_modality_in_the_batch():
    inputs, _ = make_batch(1, modalities=('visible', 'depth'))
    with pytest.raises(InputError, match='depth.*thermal'):
        recognizer()(inputs)


def test_missing_modality_key_in_the_batch():
    inputs, _ = make_batch(1, modalities=('visible',))
    with pytest.raises(InputError, match='thermal'):
        recognizer()(inputs)
