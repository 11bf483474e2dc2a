"""PDF against references in float64 from the paper's formulas."""

import pytest
import torch
from factory import CLASSES, total
from fusion import BATCH, LABELS, close, features, logits_of, make, nll, samples

from mmbimodal.models.heads.pdf_head import calibration, holo_confidence


def confidences(head, feats):
    """Three affine maps, then the sigmoid, B×M."""
    columns = []
    for name in feats:
        x = feats[name].features.double()
        for layer in list(head.confidence[name])[::2]:
            x = x @ layer.weight.double().T + layer.bias
        columns.append(x.sigmoid())
    return torch.cat(columns, 1)


def pdf_weights(p, trust=1.0):
    """Two modalities, as the paper writes it."""
    log = p.log()
    holo = log.flip(1) / log.sum(1, keepdim=True)
    return (trust * (p + holo)).softmax(1)


def test_pdf_in_training():
    """Numbers were compared with Yinan-Xia/PDF at 8648674, training and test:
    scores equal to 1e-6, loss in all digits."""
    head, feats = make('PDFHead').train(), features()
    logits, p = logits_of(head, feats), confidences(head, feats)
    scores = (pdf_weights(p)[..., None] * logits).sum(1)
    close(head(feats), scores)
    truth = logits.softmax(-1)[range(BATCH), :, LABELS]
    expected = (
        nll(scores)
        + sum(nll(x) for x in logits.unbind(1))
        + (p - truth).abs().mean(0).sum()
    )
    close(total(head.loss(feats, samples())), expected)


def test_pdf_is_calibrated_in_testing():
    head, feats = make('PDFHead').eval(), features()
    logits, p = logits_of(head, feats), confidences(head, feats)
    spread = (logits.softmax(-1) - 1 / CLASSES).abs().mean(-1)
    trust = torch.minimum(spread / spread.flip(1), torch.tensor(1.0))
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
    assert torch.equal(weights[:, 0] > weights[:, 1] + 1e-12, q[:, 0] > q[:, 1])


@pytest.mark.parametrize(
    'q,expected',
    [
        ((-90.0, -90.0), (0.5, 0.5)),
        ((-50.0, -60.0), (60 / 110, 50 / 110)),
        ((100.0, 100.0), (0.5, 0.5)),
        ((1e4, 1e4), (0.5, 0.5)),
        ((-1e4, 1e4), (0.0, 1.0)),
    ],
)
def test_pdf_confidences_that_underflow(q, expected):
    log = torch.nn.functional.logsigmoid(torch.tensor([q]))
    present = torch.ones(1, 2, dtype=torch.bool)
    close(holo_confidence(log, present), torch.tensor([expected]))


def test_holo_confidence_of_three():
    """Each against the mean of the others; two present are the paper's."""
    log = torch.tensor([[-1.0, -2.0, -5.0]]).double()
    close(
        holo_confidence(log, torch.ones(1, 3, dtype=torch.bool)),
        torch.tensor([[7 / 16, 6 / 16, 3 / 16]]),
    )
    found = holo_confidence(log, torch.tensor([[True, False, True]]))
    close(found[:, [0, 2]], torch.tensor([[5 / 6, 1 / 6]]))


def test_calibration_of_uniform_scores():
    present = torch.ones(1, 2, dtype=torch.bool)
    flat = torch.zeros(1, 2, CLASSES)
    assert torch.equal(calibration(flat, present), torch.ones(1, 2))
    flat[0, 0, 0] = 50
    assert torch.equal(calibration(flat, present), torch.tensor([[1.0, 0.0]]))


def test_pdf_learns_confidence_only_from_the_absolute_error():
    head, feats = make('PDFHead').train(), features()
    for branch in feats.values():
        branch.features.requires_grad_()
    losses = head.loss(feats, samples())
    inputs = [x.features for x in feats.values()]
    parts = sum(losses[f'{name}/loss_confidence'] for name in feats)
    grads = torch.autograd.grad(
        parts,
        [*inputs, *head.fc_cls.parameters()],
        allow_unused=True,
        retain_graph=True,
    )
    assert all(x is None for x in grads)
    rest = total(losses) - parts
    grads = torch.autograd.grad(
        rest, list(head.confidence.parameters()), allow_unused=True, retain_graph=True
    )
    assert all(x is None or not x.any() for x in grads)
    parts.backward()
    assert all(x.grad.any() for x in head.confidence.parameters())


def test_pdf_may_have_activations():
    head = make('PDFHead', act_cfg=dict(type='ReLU'))
    assert sum(isinstance(x, torch.nn.ReLU) for x in head.confidence['visible']) == 2
