"""The fusions of scores against references in float64 from the papers."""
import math

import pytest
import torch
from factory import perturb, total
from mmengine.logging import MessageHub

from mmaction.structures import ActionDataSample
from mmbimodal.errors import InputError
from mmbimodal.models.heads import (DynMMHead, PDFHead, QMFHead,
                                    ScoreAverageHead, TMCHead)
from mmbimodal.models.heads.pdf_head import calibration, holo_confidence
from mmbimodal.models.heads.qmf_head import ranking_loss
from mmbimodal.models.heads.tmc_head import (combine, dirichlet_divergence,
                                             evidential_loss)
from mmbimodal.models.layers import BranchFeatures

WIDTH, CLASSES, BATCH = 6, 5, 7
NAMES = ('visible', 'thermal', 'depth')


def make(kind, count=2, **options):
    torch.manual_seed(0)
    head = kind(num_classes=CLASSES, in_channels=WIDTH,
                modalities=NAMES[:count], average_clips='prob', **options)
    head.init_weights()
    return perturb(head, std=0.5)


def features(count=2, size=BATCH, seed=0, absent=()):
    generator = torch.Generator().manual_seed(seed)
    return {
        name: BranchFeatures(
            torch.randn(size, WIDTH, generator=generator),
            torch.tensor([(name, i) not in absent for i in range(size)]))
        for name in NAMES[:count]
    }


def samples(size=BATCH, offset=0):
    return [
        ActionDataSample(metainfo=dict(sample_idx=i + offset)).set_gt_label(
            i % CLASSES) for i in range(size)
    ]


def logits_of(head, feats):
    """B×M×K in float64."""
    return torch.stack([
        feats[name].features.double() @ head.fc_cls[name].weight.double().T +
        head.fc_cls[name].bias for name in feats
    ], dim=1)


LABELS = torch.arange(BATCH) % CLASSES


def close(found, expected, **kwargs):
    kwargs = dict(dict(rtol=1e-4, atol=1e-5), **kwargs)
    torch.testing.assert_close(found.double(), expected.double(), **kwargs)


def nll(logits):
    return -logits.log_softmax(-1)[range(len(logits)), LABELS].mean()


# average -----------------------------------------------------------------


@pytest.mark.parametrize('count', [2, 3])
def test_average(count):
    head, feats = make(ScoreAverageHead, count), features(count)
    logits = logits_of(head, feats)
    close(head(feats).softmax(-1), logits.softmax(-1).mean(dim=1))
    losses = head.loss(feats, samples())
    for i, name in enumerate(feats):
        close(losses[f'{name}/loss_cls'], nll(logits[:, i]))
    close(total(losses), sum(nll(x) for x in logits.unbind(1)))


def test_average_does_not_depend_on_the_order():
    head, feats = make(ScoreAverageHead), features()
    swapped = dict(zip(NAMES, reversed(feats.values())))
    other = make(ScoreAverageHead)
    for name, source in zip(NAMES, reversed(NAMES[:2])):
        other.fc_cls[name].load_state_dict(head.fc_cls[source].state_dict())
    close(other(swapped), head(feats))


# TMC ---------------------------------------------------------------------


def dempster(first, second):
    """Belief masses by the rule itself, over all pairs of classes."""
    size = first.shape[-1]
    beliefs, doubts = [], []
    for evidence in (first, second):
        strength = (evidence + 1).sum(-1, keepdim=True)
        beliefs.append(evidence / strength)
        doubts.append(size / strength)
    pairs = beliefs[0][:, :, None] * beliefs[1][:, None, :]
    conflict = (pairs.sum((1, 2)) - pairs.diagonal(dim1=1, dim2=2).sum(1))
    scale = 1 / (1 - conflict)[:, None]
    belief = scale * (beliefs[0] * beliefs[1] + beliefs[0] * doubts[1] +
                      beliefs[1] * doubts[0])
    doubt = scale * doubts[0] * doubts[1]
    close(belief.sum(1, keepdim=True) + doubt, torch.ones(len(belief), 1))
    return belief * size / doubt


def random_evidence(count, scale=20.):
    generator = torch.Generator().manual_seed(0)
    return [scale * torch.rand(BATCH, CLASSES, generator=generator).double()**3
            for _ in range(count)]


def test_combination_is_the_rule_of_dempster():
    """Numbers were compared with hanmenghan/TMC at 08d0ca4, two and three
    views, losses of epochs 0, 4 and 25 included: equal to 2e-6."""
    first, second, third = random_evidence(3)
    close(combine(first, second), dempster(first, second), rtol=1e-10)
    close(combine(combine(first, second), third),
          dempster(dempster(first, second), third), rtol=1e-10)
    close(combine(combine(first, second), third),
          combine(first, combine(third, second)), rtol=1e-10)
    # three at once: K (prod (1 + e/K) - 1)
    product = torch.stack([1 + x / CLASSES
                           for x in (first, second, third)]).prod(0)
    close(combine(combine(first, second), third), CLASSES * (product - 1))


def test_no_evidence_drops_out_and_doubt_never_grows():
    first, second = random_evidence(2)
    assert torch.equal(combine(first, torch.zeros_like(first)), first)

    def doubt(evidence):
        return CLASSES / (evidence + 1).sum(1)

    assert (doubt(combine(first, second)) <= torch.minimum(
        doubt(first), doubt(second))).all()


def test_divergence_is_torchs():
    alpha = random_evidence(1, scale=300.)[0] + 1
    uniform = torch.distributions.Dirichlet(torch.ones_like(alpha))
    expected = torch.distributions.kl_divergence(
        torch.distributions.Dirichlet(alpha), uniform)
    close(dirichlet_divergence(alpha), expected, rtol=1e-9)


def test_evidential_loss_by_sampling_free_terms():
    """ψ(S) − ψ(α_y) is a finite sum of 1/n for whole numbers."""
    evidence = torch.tensor([[3., 0., 1.]]).double()
    targets = torch.tensor([[1., 0., 0.]]).double()
    # α = 4, 1, 2 and S = 7: 1/4 + 1/5 + 1/6
    risk = 1 / 4 + 1 / 5 + 1 / 6
    close(evidential_loss(evidence, targets, 0.), torch.tensor([risk]))
    wrong = torch.distributions.Dirichlet(torch.tensor([1., 1., 2.]).double())
    flat = torch.distributions.Dirichlet(torch.ones(3).double())
    close(evidential_loss(evidence, targets, 0.5),
          risk + 0.5 * torch.distributions.kl_divergence(wrong, flat)[None])


def test_zero_logits_give_the_known_loss():
    """softplus(0) = ln 2 for 12 classes: 2.784, not ln 12."""
    evidence = torch.full((1, 12), math.log(2))
    targets = torch.eye(12)[:1]
    assert evidential_loss(evidence, targets, 0.).item() == pytest.approx(
        2.784, abs=1e-3)


@pytest.mark.parametrize('epoch,expected', [(0, 0.), (1, .25), (3, .75),
                                            (4, 1.), (9, 1.)])
def test_tmc_anneals_by_epoch(epoch, expected):
    head, feats = make(TMCHead, annealing_epochs=4), features()
    MessageHub.get_current_instance().update_info('epoch', epoch)
    try:
        losses = head.loss(feats, samples())
    finally:
        MessageHub.get_current_instance().update_info('epoch', 0)
    evidence = torch.nn.functional.softplus(logits_of(head, feats))
    opinions = [evidence[:, 0], evidence[:, 1],
                dempster(evidence[:, 0], evidence[:, 1])]
    targets = torch.eye(CLASSES).double()[LABELS]
    flat = torch.distributions.Dirichlet(torch.ones(BATCH, CLASSES).double())
    for name, opinion in zip(('visible/loss_cls', 'thermal/loss_cls',
                              'loss_cls'), opinions):
        alpha = opinion + 1
        risk = (alpha.sum(1).digamma() -
                alpha[range(BATCH), LABELS].digamma())
        wrong = torch.distributions.Dirichlet(
            torch.where(targets > 0, 1., alpha))
        penalty = torch.distributions.kl_divergence(wrong, flat)
        close(losses[name], (risk + expected * penalty).mean())
    alpha = opinions[2] + 1
    close(head(feats).softmax(1), alpha / alpha.sum(1, keepdim=True))


def test_tmc_branches_report_their_own_expectation():
    head, feats = make(TMCHead), features()
    found = head.predict(feats, samples())
    alpha = torch.nn.functional.softplus(logits_of(head, feats)) + 1
    for i, name in enumerate(feats):
        close(torch.stack([x.branch_scores[name] for x in found]),
              alpha[:, i] / alpha[:, i].sum(1, keepdim=True))


def test_strong_evidence_against_each_other():
    """1 − C vanishes here, and float32 would miss the divergence by half."""
    evidence = torch.zeros(2, 1, CLASSES)
    evidence[0, 0, 0] = evidence[1, 0, 1] = 1e8
    evidence.requires_grad_()
    fused = combine(*evidence)
    loss = evidential_loss(fused, torch.eye(CLASSES)[:1], 1.)
    loss.sum().backward()
    assert loss.isfinite().all() and evidence.grad.isfinite().all()
    wrong = torch.ones(1, CLASSES).double()
    wrong[0, 1] = 1e8
    divergence = torch.distributions.kl_divergence(
        torch.distributions.Dirichlet(wrong),
        torch.distributions.Dirichlet(torch.ones_like(wrong)))
    # ψ(2e8) − ψ(1e8) = ln 2
    assert loss.item() == pytest.approx(divergence.item() + math.log(2))


def test_wrong_options():
    with pytest.raises(InputError, match='annealing_epochs=0'):
        make(TMCHead, annealing_epochs=0)
    with pytest.raises(InputError, match='temperature=0.01'):
        make(DynMMHead, temperature=0.01)
    with pytest.raises(InputError, match='margin_sign=2'):
        make(QMFHead, margin_sign=2)


# DynMM -------------------------------------------------------------------


def experts_of(head, feats):
    x = torch.cat([feats[name].features for name in feats], dim=1).double()
    logits = torch.cat(
        (logits_of(head, feats),
         (x @ head.fc_all.weight.double().T + head.fc_all.bias)[:, None]), 1)
    first, _, second = head.gate
    hidden = (x @ first.weight.double().T + first.bias).clamp(min=0)
    return logits, hidden @ second.weight.double().T + second.bias


@pytest.mark.parametrize('count', [2, 3])
def test_dynmm_mixes_softly_in_training(count):
    """Numbers were compared with zihuixue/DynMM at cbab632 (DiffSoftmax, task
    and cost loss), soft and hard: equal to 1e-6."""
    head = make(DynMMHead, count, expert_weight=0., cost_weight=0.3,
                temperature=0.5).train()
    feats = features(count)
    logits, gate = experts_of(head, feats)
    weights = (gate / 0.5).softmax(1)
    scores = (weights[..., None] * logits).sum(1)
    close(head(feats), scores)
    losses = head.loss(feats, samples())
    close(total(losses), nll(scores) + 0.3 * weights[:, -1].mean())
    for i, name in enumerate((*NAMES[:count], 'all')):
        close(losses[f'{name}/weight'], weights[:, i].mean())


def test_dynmm_without_cost_is_a_plain_mixture():
    head, feats = make(DynMMHead, expert_weight=0., cost_weight=0.), features()
    head.train()
    close(total(head.loss(feats, samples())), nll(head(feats)))


def test_dynmm_trains_its_experts():
    head, feats = make(DynMMHead, cost_weight=0.), features()
    logits, _ = experts_of(head, feats)
    losses = head.train().loss(feats, samples())
    close(total(losses), nll(head(feats)) + sum(
        nll(x) for x in logits.unbind(1)))


@pytest.mark.parametrize('training', [True, False])
def test_dynmm_takes_one_expert(training):
    head, feats = make(DynMMHead, hard=training), features()
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
    head, feats = make(DynMMHead, hard=True, expert_weight=0.,
                       cost_weight=0.).train(), features()
    total(head.loss(feats, samples())).backward()
    logits, gate = experts_of(head, feats)
    gate = gate.detach().requires_grad_()
    soft = gate.softmax(1)
    hard = torch.eye(3)[gate.argmax(1)].double()
    weights = hard + soft - soft.detach()
    nll((weights[..., None] * logits.detach()).sum(1)).backward()
    assert gate.grad.abs().max() > 1e-3
    close(head.gate[2].bias.grad, gate.grad.sum(0))


# PDF ---------------------------------------------------------------------


def confidences(head, feats):
    """Three affine maps, then the sigmoid, B×M."""
    columns = []
    for name in feats:
        x = feats[name].features.double()
        for layer in list(head.confidence[name])[::2]:
            x = x @ layer.weight.double().T + layer.bias
        columns.append(x.sigmoid())
    return torch.cat(columns, 1)


def pdf_weights(p, trust=1.):
    """Two modalities, as the paper writes it."""
    log = p.log()
    holo = log.flip(1) / log.sum(1, keepdim=True)
    return (trust * (p + holo)).softmax(1)


def test_pdf_in_training():
    """Numbers were compared with Yinan-Xia/PDF at 8648674, training and test:
    scores equal to 1e-6, loss in all digits."""
    head, feats = make(PDFHead).train(), features()
    logits, p = logits_of(head, feats), confidences(head, feats)
    scores = (pdf_weights(p)[..., None] * logits).sum(1)
    close(head(feats), scores)
    truth = logits.softmax(-1)[range(BATCH), :, LABELS]
    expected = (nll(scores) + sum(nll(x) for x in logits.unbind(1)) +
                (p - truth).abs().mean(0).sum())
    close(total(head.loss(feats, samples())), expected)


def test_pdf_is_calibrated_in_testing():
    head, feats = make(PDFHead).eval(), features()
    logits, p = logits_of(head, feats), confidences(head, feats)
    spread = (logits.softmax(-1) - 1 / CLASSES).abs().mean(-1)
    trust = torch.minimum(spread / spread.flip(1), torch.tensor(1.))
    assert (trust < 0.9).any() and trust.max() == 1
    weights = pdf_weights(p, trust)
    close(head(feats), (weights[..., None] * logits).sum(1))
    assert not torch.allclose(weights, pdf_weights(p))


def test_pdf_weights_are_bounded_and_ordered_as_the_confidences():
    grid = torch.linspace(-12, 12, 41)
    q = torch.cartesian_prod(grid, grid).double()
    log = torch.nn.functional.logsigmoid(q)
    present = torch.ones_like(q, dtype=torch.bool)
    holo = holo_confidence(log, present)
    close(holo.sum(1), torch.ones(len(q)))
    weights = (log.exp() + holo).softmax(1)
    assert weights.min() >= 0.119 and weights.max() <= 0.881
    assert torch.equal(weights[:, 0] > weights[:, 1] + 1e-12,
                       q[:, 0] > q[:, 1])


@pytest.mark.parametrize('q,expected', [
    ((-90., -90.), (.5, .5)), ((-50., -60.), (60 / 110, 50 / 110)),
    ((100., 100.), (.5, .5)), ((1e4, 1e4), (.5, .5)), ((-1e4, 1e4), (0., 1.)),
])
def test_pdf_confidences_that_underflow(q, expected):
    log = torch.nn.functional.logsigmoid(torch.tensor([q]))
    present = torch.ones(1, 2, dtype=torch.bool)
    close(holo_confidence(log, present), torch.tensor([expected]))


def test_holo_confidence_of_three():
    """Each against the mean of the others; two present are the paper's."""
    log = torch.tensor([[-1., -2., -5.]]).double()
    close(holo_confidence(log, torch.ones(1, 3, dtype=torch.bool)),
          torch.tensor([[7 / 16, 6 / 16, 3 / 16]]))
    found = holo_confidence(log, torch.tensor([[True, False, True]]))
    close(found[:, [0, 2]], torch.tensor([[5 / 6, 1 / 6]]))


def test_calibration_of_uniform_scores():
    present = torch.ones(1, 2, dtype=torch.bool)
    flat = torch.zeros(1, 2, CLASSES)
    assert torch.equal(calibration(flat, present), torch.ones(1, 2))
    flat[0, 0, 0] = 50
    assert torch.equal(calibration(flat, present), torch.tensor([[1., 0.]]))


def test_pdf_learns_confidence_only_from_the_absolute_error():
    head, feats = make(PDFHead).train(), features()
    for branch in feats.values():
        branch.features.requires_grad_()
    losses = head.loss(feats, samples())
    inputs = [x.features for x in feats.values()]
    parts = sum(losses[f'{name}/loss_confidence'] for name in feats)
    grads = torch.autograd.grad(
        parts, [*inputs, *head.fc_cls.parameters()], allow_unused=True,
        retain_graph=True)
    assert all(x is None for x in grads)
    rest = total(losses) - parts
    grads = torch.autograd.grad(rest, list(head.confidence.parameters()),
                                allow_unused=True, retain_graph=True)
    assert all(x is None or not x.any() for x in grads)
    parts.backward()
    assert all(x.grad.any() for x in head.confidence.parameters())


def test_pdf_may_have_activations():
    head = make(PDFHead, act_cfg=dict(type='ReLU'))
    assert sum(isinstance(x, torch.nn.ReLU)
               for x in head.confidence['visible']) == 2


# QMF ---------------------------------------------------------------------


def ranked(confidence, history, sign):
    """The mean over neighbours in the batch, in plain loops."""
    size = len(confidence)
    low, high = min(history), max(history)
    history = [(x - low) / (high - low) if high > low else 0. for x in history]
    losses = []
    for j in range(size):
        k = (j + 1) % size
        gap = history[j] - history[k]
        t = (gap > 0) - (gap < 0)
        losses.append(max(0., t * (confidence[j] - confidence[k]) +
                          sign * abs(gap)))
    return sum(losses) / size


@pytest.mark.parametrize('sign', [-1, 1])
def test_qmf_over_several_steps(sign):
    """Numbers were compared with QingyangZhang/QMF at fe6c4c6, four steps of
    the RGB-D file: equal to 1e-6, but for its first loss, which is NaN."""
    head = make(QMFHead, margin_sign=sign, rank_weight=0.7).train()
    history = torch.zeros(2, BATCH).double()
    # sizes of confidences and histories alike, so that both terms matter
    for step in range(4):
        feats = features(seed=step)
        logits = logits_of(head, feats)
        c = 0.1 * logits.exp().sum(-1).log()
        scores = (c[..., None] * logits).sum(1)
        assert (c > 0).all()
        rank = sum(ranked(c[:, m].tolist(), history[m].tolist(), sign)
                   for m in range(2))
        losses = head.loss(feats, samples(offset=3))
        close(losses['loss_rank'], torch.tensor(0.7 * rank))
        close(total(losses), nll(scores) + 0.7 * rank + sum(
            nll(x) for x in logits.unbind(1)))
        close(head(feats), scores)
        for m in range(2):
            history[m] -= logits[:, m].log_softmax(-1)[range(BATCH), LABELS]
        close(head.history[3:].T, history)
        # as if the samples before had been seen with the smallest losses
        head.history[:3] = head.history[3:].amin(dim=0)
    assert rank > 0


def test_qmf_confidence_carries_gradient():
    logits = torch.randn(2, 2, CLASSES, dtype=torch.double,
                         requires_grad=True)
    head = make(QMFHead)
    branches = type(head.classify(features(), 1))(
        [], logits, torch.ones(2, 2, dtype=torch.bool))
    assert torch.autograd.gradcheck(
        lambda x: head.fuse(branches._replace(logits=x)), logits + 3)


def test_qmf_first_step_and_batch_of_one():
    head = make(QMFHead).train()
    for _ in range(2):
        losses = head.loss(features(size=1), samples(1))
        assert losses['loss_rank'] == 0 and total(losses).isfinite()


def test_qmf_negative_confidence_counts_as_none():
    """All logits below −ln K: the vote must not turn round."""
    head, feats = make(QMFHead), features()
    with torch.no_grad():
        head.fc_cls['visible'].weight.zero_()
        head.fc_cls['visible'].bias.copy_(-5. - torch.arange(CLASSES))
    logits = logits_of(head, feats)[:, 1]
    c = 0.1 * logits.logsumexp(-1, keepdim=True)
    close(head(feats), c * logits)


def test_qmf_ranks_pairs_that_are_both_there():
    confidence = torch.tensor([[1.], [5.], [2.]])
    history = torch.tensor([[0.], [1.], [.5]])
    present = torch.tensor([[True], [True], [False]])
    # only the first pair: t = −1, c difference −4, tolerance 1
    assert ranking_loss(confidence, history, present, -1).item() == 3.


def test_qmf_history_survives_and_is_shared(monkeypatch):
    """What the other process saw counts here; sizes come from the file."""
    head = make(QMFHead).train()
    monkeypatch.setattr('mmbimodal.models.heads.qmf_head.all_gather',
                        lambda x: [x, x + 10])
    head.loss(features(), samples())
    assert len(head.history) == BATCH + 10
    assert head.history[:BATCH].all() and not head.history[BATCH:10].any()
    fresh = make(QMFHead)
    fresh.load_state_dict(head.state_dict())
    assert torch.equal(fresh.history, head.history)
    monkeypatch.undo()
    close(total(fresh.train().loss(features(), samples())),
          total(head.loss(features(), samples())))


def test_qmf_needs_indices():
    with pytest.raises(InputError, match='sample_idx'):
        make(QMFHead).loss(features(size=1),
                           [ActionDataSample().set_gt_label(0)])
