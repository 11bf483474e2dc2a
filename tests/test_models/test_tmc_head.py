"""TMC against references in float64 from the paper's formulas."""

import math

import pytest
import torch
from factory import CLASSES
from fusion import BATCH, LABELS, close, features, logits_of, make, samples
from mmengine.logging import MessageHub

from mmbimodal.errors import InputError
from mmbimodal.models.heads.tmc_head import (
    combine,
    dirichlet_divergence,
    evidential_loss,
)


def dempster(first, second):
    """Belief masses by the rule itself, over all pairs of classes."""
    size = first.shape[-1]
    beliefs, doubts = [], []
    for evidence in (first, second):
        strength = (evidence + 1).sum(-1, keepdim=True)
        beliefs.append(evidence / strength)
        doubts.append(size / strength)
    pairs = beliefs[0][:, :, None] * beliefs[1][:, None, :]
    conflict = pairs.sum((1, 2)) - pairs.diagonal(dim1=1, dim2=2).sum(1)
    scale = 1 / (1 - conflict)[:, None]
    belief = scale * (
        beliefs[0] * beliefs[1] + beliefs[0] * doubts[1] + beliefs[1] * doubts[0]
    )
    doubt = scale * doubts[0] * doubts[1]
    close(belief.sum(1, keepdim=True) + doubt, torch.ones(len(belief), 1))
    return belief * size / doubt


def random_evidence(count, scale=20.0):
    generator = torch.Generator().manual_seed(0)
    return [
        scale * torch.rand(BATCH, CLASSES, generator=generator).double() ** 3
        for _ in range(count)
    ]


def test_combination_is_the_rule_of_dempster():
    """Numbers were compared with hanmenghan/TMC at 08d0ca4, two and three
    views, losses of epochs 0, 4 and 25 included: equal to 2e-6."""
    first, second, third = random_evidence(3)
    close(combine(first, second), dempster(first, second), rtol=1e-10)
    close(
        combine(combine(first, second), third),
        dempster(dempster(first, second), third),
        rtol=1e-10,
    )
    close(
        combine(combine(first, second), third),
        combine(first, combine(third, second)),
        rtol=1e-10,
    )
    # three at once: K (prod (1 + e/K) - 1)
    product = torch.stack([1 + x / CLASSES for x in (first, second, third)]).prod(0)
    close(combine(combine(first, second), third), CLASSES * (product - 1))


def test_no_evidence_drops_out_and_doubt_never_grows():
    first, second = random_evidence(2)
    assert torch.equal(combine(first, torch.zeros_like(first)), first)

    def doubt(evidence):
        return CLASSES / (evidence + 1).sum(1)

    assert (
        doubt(combine(first, second)) <= torch.minimum(doubt(first), doubt(second))
    ).all()


def test_divergence_is_torchs():
    alpha = random_evidence(1, scale=300.0)[0] + 1
    uniform = torch.distributions.Dirichlet(torch.ones_like(alpha))
    expected = torch.distributions.kl_divergence(
        torch.distributions.Dirichlet(alpha), uniform
    )
    close(dirichlet_divergence(alpha), expected, rtol=1e-9)


def test_evidential_loss_by_sampling_free_terms():
    """ψ(S) − ψ(α_y) is a finite sum of 1/n for whole numbers."""
    evidence = torch.tensor([[3.0, 0.0, 1.0]]).double()
    targets = torch.tensor([[1.0, 0.0, 0.0]]).double()
    # α = 4, 1, 2 and S = 7: 1/4 + 1/5 + 1/6
    risk = 1 / 4 + 1 / 5 + 1 / 6
    close(evidential_loss(evidence, targets, 0.0), torch.tensor([risk]))
    wrong = torch.distributions.Dirichlet(torch.tensor([1.0, 1.0, 2.0]).double())
    flat = torch.distributions.Dirichlet(torch.ones(3).double())
    close(
        evidential_loss(evidence, targets, 0.5),
        risk + 0.5 * torch.distributions.kl_divergence(wrong, flat)[None],
    )


def test_zero_logits_give_the_known_loss():
    """softplus(0) = ln 2 for 12 classes: 2.784, not ln 12."""
    evidence = torch.full((1, 12), math.log(2))
    targets = torch.eye(12)[:1]
    assert evidential_loss(evidence, targets, 0.0).item() == pytest.approx(
        2.784, abs=1e-3
    )


@pytest.mark.parametrize(
    'epoch,expected', [(0, 0.0), (1, 0.25), (3, 0.75), (4, 1.0), (9, 1.0)]
)
def test_tmc_anneals_by_epoch(epoch, expected):
    head, feats = make('TMCHead', annealing_epochs=4), features()
    MessageHub.get_current_instance().update_info('epoch', epoch)
    try:
        losses = head.loss(feats, samples())
    finally:
        MessageHub.get_current_instance().update_info('epoch', 0)
    evidence = torch.nn.functional.softplus(logits_of(head, feats))
    opinions = [
        evidence[:, 0],
        evidence[:, 1],
        dempster(evidence[:, 0], evidence[:, 1]),
    ]
    targets = torch.eye(CLASSES).double()[LABELS]
    flat = torch.distributions.Dirichlet(torch.ones(BATCH, CLASSES).double())
    for name, opinion in zip(
        ('visible/loss_cls', 'thermal/loss_cls', 'loss_cls'), opinions
    ):
        alpha = opinion + 1
        risk = alpha.sum(1).digamma() - alpha[range(BATCH), LABELS].digamma()
        wrong = torch.distributions.Dirichlet(torch.where(targets > 0, 1.0, alpha))
        penalty = torch.distributions.kl_divergence(wrong, flat)
        close(losses[name], (risk + expected * penalty).mean())
    alpha = opinions[2] + 1
    close(head(feats).softmax(1), alpha / alpha.sum(1, keepdim=True))


def test_tmc_branches_report_their_own_expectation():
    head, feats = make('TMCHead'), features()
    found = head.predict(feats, samples())
    alpha = torch.nn.functional.softplus(logits_of(head, feats)) + 1
    for i, name in enumerate(feats):
        close(
            torch.stack([x.branch_scores[name] for x in found]),
            alpha[:, i] / alpha[:, i].sum(1, keepdim=True),
        )


def test_strong_evidence_against_each_other():
    """1 − C vanishes here, and float32 would miss the divergence by half."""
    evidence = torch.zeros(2, 1, CLASSES)
    evidence[0, 0, 0] = evidence[1, 0, 1] = 1e8
    evidence.requires_grad_()
    fused = combine(*evidence)
    loss = evidential_loss(fused, torch.eye(CLASSES)[:1], 1.0)
    loss.sum().backward()
    assert loss.isfinite().all() and evidence.grad.isfinite().all()
    wrong = torch.ones(1, CLASSES).double()
    wrong[0, 1] = 1e8
    divergence = torch.distributions.kl_divergence(
        torch.distributions.Dirichlet(wrong),
        torch.distributions.Dirichlet(torch.ones_like(wrong)),
    )
    # ψ(2e8) − ψ(1e8) = ln 2
    assert loss.item() == pytest.approx(divergence.item() + math.log(2))


def test_wrong_options():
    with pytest.raises(InputError, match='annealing_epochs=0'):
        make('TMCHead', annealing_epochs=0)
