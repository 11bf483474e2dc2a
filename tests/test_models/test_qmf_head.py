"""QMF against references in float64 from the paper's formulas."""

import pytest
import torch
from factory import CLASSES, total
from fusion import BATCH, LABELS, close, features, logits_of, make, nll, samples
from mmaction.structures import ActionDataSample

from mmbimodal.errors import InputError
from mmbimodal.models.heads.qmf_head import ranking_loss


def ranked(confidence, history, sign):
    """The mean over neighbours in the batch, in plain loops."""
    size = len(confidence)
    low, high = min(history), max(history)
    history = [(x - low) / (high - low) if high > low else 0.0 for x in history]
    losses = []
    for j in range(size):
        k = (j + 1) % size
        gap = history[j] - history[k]
        t = (gap > 0) - (gap < 0)
        losses.append(max(0.0, t * (confidence[j] - confidence[k]) + sign * abs(gap)))
    return sum(losses) / size


@pytest.mark.parametrize('sign', [-1, 1])
def test_qmf_over_several_steps(sign):
    """Numbers were compared with QingyangZhang/QMF at fe6c4c6, four steps of
    the RGB-D file: equal to 1e-6, but for its first loss, which is NaN."""
    head = make('QMFHead', margin_sign=sign, rank_weight=0.7).train()
    history = torch.zeros(2, BATCH).double()
    # sizes of confidences and histories alike, so that both terms matter
    for step in range(4):
        feats = features(seed=step)
        logits = logits_of(head, feats)
        c = 0.1 * logits.exp().sum(-1).log()
        scores = (c[..., None] * logits).sum(1)
        assert (c > 0).all()
        rank = sum(
            ranked(c[:, m].tolist(), history[m].tolist(), sign) for m in range(2)
        )
        losses = head.loss(feats, samples(offset=3))
        close(losses['loss_rank'], torch.tensor(0.7 * rank))
        close(
            total(losses),
            nll(scores) + 0.7 * rank + sum(nll(x) for x in logits.unbind(1)),
        )
        close(head(feats), scores)
        for m in range(2):
            history[m] -= logits[:, m].log_softmax(-1)[range(BATCH), LABELS]
        close(head.history[3:].T, history)
        # as if the samples before had been seen with the smallest losses
        head.history[:3] = head.history[3:].amin(dim=0)
    assert rank > 0


def test_qmf_confidence_carries_gradient():
    logits = torch.randn(2, 2, CLASSES, dtype=torch.double, requires_grad=True)
    head = make('QMFHead')
    branches = type(head.classify(features(), 1))(
        [], logits, torch.ones(2, 2, dtype=torch.bool)
    )
    assert torch.autograd.gradcheck(
        lambda x: head.fuse(branches._replace(logits=x)), logits + 3
    )


def test_qmf_first_step_and_batch_of_one():
    head = make('QMFHead').train()
    for _ in range(2):
        losses = head.loss(features(size=1), samples(1))
        assert losses['loss_rank'] == 0 and total(losses).isfinite()


def test_qmf_negative_confidence_counts_as_none():
    """All logits below −ln K: the vote must not turn round."""
    head, feats = make('QMFHead'), features()
    with torch.no_grad():
        head.fc_cls['visible'].weight.zero_()
        head.fc_cls['visible'].bias.copy_(-5.0 - torch.arange(CLASSES))
    logits = logits_of(head, feats)[:, 1]
    c = 0.1 * logits.logsumexp(-1, keepdim=True)
    close(head(feats), c * logits)


def test_qmf_ranks_pairs_that_are_both_there():
    confidence = torch.tensor([[1.0], [5.0], [2.0]])
    history = torch.tensor([[0.0], [1.0], [0.5]])
    present = torch.tensor([[True], [True], [False]])
    # only the first pair: t = −1, c difference −4, tolerance 1
    assert ranking_loss(confidence, history, present, -1).item() == 3.0


def test_qmf_history_survives_and_is_shared(monkeypatch):
    """What the other process saw counts here; sizes come from the file."""
    head = make('QMFHead').train()
    monkeypatch.setattr(
        'mmbimodal.models.heads.qmf_head.all_gather', lambda x: [x, x + 10]
    )
    head.loss(features(), samples())
    assert len(head.history) == BATCH + 10
    assert head.history[:BATCH].all() and not head.history[BATCH:10].any()
    fresh = make('QMFHead')
    fresh.load_state_dict(head.state_dict())
    assert torch.equal(fresh.history, head.history)
    monkeypatch.undo()
    close(
        total(fresh.train().loss(features(), samples())),
        total(head.loss(features(), samples())),
    )


def test_qmf_needs_indices():
    with pytest.raises(InputError, match='sample_idx'):
        make('QMFHead').loss(features(size=1), [ActionDataSample().set_gt_label(0)])


def test_wrong_options():
    with pytest.raises(InputError, match='margin_sign=2'):
        make('QMFHead', margin_sign=2)


def test_qmf_remembers_no_losses_of_what_is_absent():
    head = make('QMFHead').train()
    head.loss(features(absent=(('thermal', 2),)), samples())
    assert (head.history == 0).nonzero().tolist() == [[2, 1]]
