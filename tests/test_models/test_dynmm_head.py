"""DynMM against references in float64 from the paper's formulas."""

import pytest
import torch
from factory import total
from fusion import BATCH, NAMES, close, features, logits_of, make, nll, samples

from mmbimodal.errors import InputError


def experts_of(head, feats):
    x = torch.cat([feats[name].features for name in feats], dim=1).double()
    logits = torch.cat(
        (
            logits_of(head, feats),
            (x @ head.fc_all.weight.double().T + head.fc_all.bias)[:, None],
        ),
        1,
    )
    first, _, second = head.gate
    hidden = (x @ first.weight.double().T + first.bias).clamp(min=0)
    return logits, hidden @ second.weight.double().T + second.bias


@pytest.mark.parametrize('count', [2, 3])
def test_dynmm_mixes_softly_in_training(count):
    """Numbers were compared with zihuixue/DynMM at cbab632 (DiffSoftmax, task
    and cost loss), soft and hard: equal to 1e-6."""
    head = make(
        'DynMMHead', count=count, expert_weight=0.0, cost_weight=0.3, temperature=0.5
    ).train()
    feats = features(count=count)
    logits, gate = experts_of(head, feats)
    weights = (gate / 0.5).softmax(1)
    scores = (weights[..., None] * logits).sum(1)
    close(head(feats), scores)
    losses = head.loss(feats, samples())
    close(total(losses), nll(scores) + 0.3 * weights[:, -1].mean())
    for i, name in enumerate((*NAMES[:count], 'all')):
        close(losses[f'{name}/weight'], weights[:, i].mean())


def test_dynmm_without_cost_is_a_plain_mixture():
    head = make('DynMMHead', expert_weight=0.0, cost_weight=0.0).train()
    feats = features()
    close(total(head.loss(feats, samples())), nll(head(feats)))


def test_dynmm_trains_its_experts():
    head, feats = make('DynMMHead', cost_weight=0.0), features()
    logits, _ = experts_of(head, feats)
    losses = head.train().loss(feats, samples())
    close(total(losses), nll(head(feats)) + sum(nll(x) for x in logits.unbind(1)))


@pytest.mark.parametrize('training', [True, False])
def test_dynmm_takes_one_expert(training):
    head, feats = make('DynMMHead', hard=training), features()
    head.train(training)
    logits, gate = experts_of(head, feats)
    chosen = gate.argmax(1)
    assert len(set(chosen.tolist())) > 1
    close(head(feats), logits[range(BATCH), chosen])
    with torch.no_grad():
        weights = head.mix(head.classify(feats, 1))[1]
    assert torch.equal(weights, torch.eye(3)[chosen])


def test_dynmm_gate_learns_through_hard_choices():
    """The gradient is that of the soft weights at the hard mixture."""
    head, feats = (
        make('DynMMHead', hard=True, expert_weight=0.0, cost_weight=0.0).train(),
        features(),
    )
    total(head.loss(feats, samples())).backward()
    logits, gate = experts_of(head, feats)
    gate = gate.detach().requires_grad_()
    soft = gate.softmax(1)
    hard = torch.eye(3)[gate.argmax(1)].double()
    weights = hard + soft - soft.detach()
    nll((weights[..., None] * logits.detach()).sum(1)).backward()
    assert gate.grad.abs().max() > 1e-3
    close(head.gate[2].bias.grad, gate.grad.sum(0))


def test_wrong_options():
    with pytest.raises(InputError, match='temperature=0.01'):
        make('DynMMHead', temperature=0.01)


def test_dynmm_leaves_out_experts_that_need_what_is_absent():
    head, feats = make('DynMMHead'), features(absent=(('thermal', 2),))
    with torch.no_grad():
        weights = head.train().mix(head.classify(feats, 1))[1]
    assert weights[2].tolist() == [1.0, 0.0, 0.0]
    assert weights[[0, 1, 3]].all()
