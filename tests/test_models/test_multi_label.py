"""Data sets whose samples have several classes (binary cross-entropy)."""

import pytest
import torch
import torch.nn.functional as F
from factory import CHANNELS, CLASSES, build, make_batch, model_config, total

from mmbimodal.models.losses import prediction_distillation

BCE = dict(multi_class=True, loss_cls=dict(type='BCELossWithLogits'))
MODELS = dict(
    staf=dict(head=BCE),
    without_distillation=dict(head=dict(BCE, loss_distill=None)),
    selection_from_classes=dict(head=dict(BCE, distill_selection=False)),
    baseline=dict(
        neck=dict(type='FeatureSum'),
        head=dict(
            type='TimeSformerHead',
            num_classes=CLASSES,
            in_channels=CHANNELS,
            average_clips='score',
            **BCE,
        ),
    ),
)


def labelled(size, views=1):
    """Samples with no, one and several classes."""
    inputs, samples = make_batch(size, views=views)
    targets = torch.zeros(size, CLASSES)
    for i in range(1, size):
        targets[i, : i + 1] = 1
    for sample, row in zip(samples, targets):
        sample.set_gt_label(row)
    return inputs, samples, targets


@pytest.mark.parametrize('name', MODELS)
@pytest.mark.parametrize('size', [1, 3, CLASSES])
def test_loss_and_gradients(name, size):
    model = build(model_config(**MODELS[name])).train()
    inputs, samples, _ = labelled(size)
    losses = model(inputs, samples, mode='loss')
    assert not any('acc' in key for key in losses)
    total(losses).backward()
    for key, parameter in model.named_parameters():
        assert parameter.grad is not None and parameter.grad.isfinite().all(), key


@pytest.mark.parametrize('name', ['staf', 'baseline'])
def test_the_loss_is_the_binary_cross_entropy(name):
    model = build(model_config(**MODELS[name])).eval()
    inputs, samples, targets = labelled(3)
    losses = model(inputs, samples, mode='loss')
    logits = model(inputs, stage='head')
    expected = F.binary_cross_entropy_with_logits(logits, targets)
    torch.testing.assert_close(losses['loss_cls'], expected)
    if name == 'staf':
        tokens = model(inputs, stage='neck').cls_token
        teacher = model.cls_head.fc_teacher(tokens)
        expected = F.binary_cross_entropy_with_logits(teacher, targets)
        torch.testing.assert_close(losses['loss_teacher'], expected)


def test_divergence_of_independent_classes():
    """Sum over the classes of p ln(p/q) + (1-p) ln((1-p)/(1-q))."""
    torch.manual_seed(0)
    teacher, student = torch.randn(2, 4, 6, dtype=torch.float64)
    p, q = teacher.sigmoid(), student.sigmoid()
    expected = (
        (p * (p / q).log() + (1 - p) * ((1 - p) / (1 - q)).log()).sum(dim=1).mean()
    )
    found = prediction_distillation(teacher, student, multi_label=True)
    torch.testing.assert_close(found.double(), expected, rtol=1e-5, atol=1e-6)
    same = prediction_distillation(teacher, teacher, multi_label=True)
    assert abs(float(same)) < 1e-6


def test_prediction_is_the_mean_of_the_views_sigmoids():
    model = build(model_config(**MODELS['staf'])).eval()
    inputs, samples, _ = labelled(2, views=3)
    with torch.no_grad():
        found = model(inputs, samples, mode='predict')
        logits = model(inputs, stage='head')
    expected = logits.sigmoid().view(2, 3, CLASSES).mean(dim=1)
    for sample, row in zip(found, expected):
        torch.testing.assert_close(sample.pred_score, row)
