"""Every parameter learns, whatever is switched on or off."""

import pytest
import torch
from factory import build, make_batch, model_config, total
from mmaction.registry import MODELS

CONFIGS = dict(
    staf=dict(),
    dense=dict(head=dict(path='dense')),
    separate_weights=dict(share_weights=False),
    mixed_with_identity=dict(mix_identity=True),
    without_selection=dict(neck=dict(type='KeepAll')),
    without_selection_dense=dict(neck=dict(type='KeepAll'), head=dict(path='dense')),
    without_fusion=dict(head=dict(fusion=False)),
    without_fusion_dense=dict(head=dict(fusion=False, path='dense')),
    without_distillation=dict(head=dict(loss_distill=None)),
    selection_by_classification=dict(head=dict(distill_selection=False)),
    without_attention_mask=dict(head=dict(mask_attention=False, path='dense')),
    without_mlp_mask=dict(head=dict(mask_mlp=False)),
    without_mlp_mask_dense=dict(head=dict(mask_mlp=False, path='dense')),
    without_any=dict(
        neck=dict(type='KeepAll'), head=dict(fusion=False, loss_distill=None)
    ),
    key_frames_only=dict(neck=dict(k2=0.0)),
    feature_addition=dict(
        with_saliency=False,
        neck=dict(type='FeatureSum'),
        head=dict(type='TimeSformerHead', num_classes=5, in_channels=24),
    ),
)
# A constant added to all scores cancels in eq. 4, and the biases of FC1 and
# FC2 add nothing else.
CANCELLED = ('neck.fc1.bias', 'neck.fc2.bias')


def gradients(config, **batch):
    model = build(model_config(**config)).train()
    inputs, samples = make_batch(4, **batch)
    losses = model(inputs, samples, mode='loss')
    loss = total(losses)
    assert loss.isfinite()
    loss.backward()
    return {name: p.grad for name, p in model.named_parameters()}


@pytest.mark.parametrize('config', CONFIGS)
def test_every_parameter_gets_a_gradient(config):
    for name, gradient in gradients(CONFIGS[config]).items():
        assert gradient is not None, name
        assert gradient.isfinite().all(), name
        if name not in CANCELLED:
            assert gradient.abs().max() > 1e-9, name


def test_the_scorer_gets_one_from_the_mlp_mask_alone():
    """Row "mask in the MLP only" of Table 5."""
    found = gradients(CONFIGS['without_attention_mask'])
    assert found['neck.fc1.weight'].abs().max() > 1e-7


def test_biases_of_the_scorer_cancel_in_the_normalisation():
    found = gradients(CONFIGS['staf'])
    for name in CANCELLED:
        assert found[name].abs().max() < 1e-5


def test_so_does_the_global_half_of_fc2():
    """f_glo of eq. 2 adds the same to every frame's score of eq. 3."""
    local, glo = gradients(CONFIGS['staf'])['neck.fc2.weight'].chunk(2, dim=1)
    assert glo.abs().max() < 1e-5 < local.abs().max()


def test_the_student_does_not_teach_the_teacher():
    """Eqs 18 and 19 take the teacher as it is."""
    teacher = [
        torch.randn(2, 5, requires_grad=True),
        torch.randn(2, 3, 4, requires_grad=True),
    ]
    student = [x.detach().clone().requires_grad_() for x in teacher]
    loss = MODELS.build(dict(type='SelfDistillLoss', teacher_weight=0.0))
    terms = loss(
        2 * student[0], teacher[0], student[1] + 1, teacher[1], torch.tensor([0, 1])
    )
    (terms['loss_distill'] + terms['loss_kl']).backward()
    assert all(x.grad is None for x in teacher)
    assert all(x.grad.abs().max() > 0 for x in student)


def test_teacher_weight_zero_is_the_literal_equation_20():
    loss = dict(type='SelfDistillLoss', teacher_weight=0.0)
    model = build(model_config(head=dict(loss_distill=loss))).train()
    inputs, samples = make_batch(3)
    losses = model(inputs, samples, mode='loss')
    assert losses['loss_teacher'] == 0
    total(losses).backward()
    assert model.cls_head.fc_teacher.weight.grad.abs().max() == 0


def test_saliency_carries_no_gradient():
    model = build(model_config()).train()
    inputs, _ = make_batch(2)
    for feats in model(inputs, stage='backbone').values():
        assert feats.patches.requires_grad
        assert not feats.saliency.requires_grad


def test_untrained_model_has_gradients_everywhere():
    """What stands before temporal_fc may wait for it to leave zero."""
    model = build(model_config(), std=0.0).train()
    inputs, samples = make_batch(4)
    total(model(inputs, samples, mode='loss')).backward()
    for name, p in model.named_parameters():
        assert p.grad is not None and p.grad.isfinite().all(), name
        waits = 'temporal_attn' in name or 'temporal_norm1' in name
        if not waits and name not in CANCELLED:
            assert p.grad.abs().max() > 0, name


@pytest.mark.parametrize('path', ['gather', 'dense'])
def test_selection_can_learn_from_the_classification_alone(path):
    """Same losses; the scorer's gradient is that of ``loss_cls``."""
    losses, scorer = {}, {}
    for switch in (True, False):
        torch.manual_seed(0)
        model = build(
            model_config(head=dict(path=path, distill_selection=switch))
        ).train()
        for module in model.modules():  # no noise between the two but ours
            if hasattr(module, 'drop_prob'):
                module.drop_prob = 0.0
        torch.manual_seed(1)
        losses[switch] = model(*make_batch(4), mode='loss')
        loss = total(losses[switch]) if not switch else losses[switch]['loss_cls']
        (scorer[switch],) = torch.autograd.grad(loss, model.neck.fc1.weight)
    for name, value in losses[True].items():
        torch.testing.assert_close(losses[False][name], value)
    torch.testing.assert_close(scorer[False], scorer[True], rtol=1e-4, atol=1e-7)
    assert scorer[True].abs().max() > 1e-7
