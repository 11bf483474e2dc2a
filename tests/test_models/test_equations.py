"""Equations 1–20 of the paper against the independent reference."""

import numpy as np
import pytest
import reference as ref
import torch
from factory import labels, perturb, tokens
from mmaction.registry import MODELS

from mmbimodal.models.layers import MaskedAttention, attention_product, masked_attention
from mmbimodal.models.losses import prediction_distillation, region_distillation
from mmbimodal.structures import ModalityTokens, select_regions

CHANNELS, HEADS, CLASSES, REGIONS = 12, 3, 4, 5
CLOSE = dict(rtol=1e-6, atol=1e-6)


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


def array(x):
    return x.detach().double().numpy()


def weights_of(module):
    return {name: array(p) for name, p in module.named_parameters()}


def linear_of(layer):
    return array(layer.weight), array(layer.bias)


def selector(**kwargs):
    neck = MODELS.build(dict(type='KeyframeSelector', in_channels=CHANNELS, **kwargs))
    return perturb(neck.double(), std=1.0)


def fusion_head(**kwargs):
    head = MODELS.build(
        dict(
            type='MaskedFusionHead',
            num_classes=CLASSES,
            in_channels=CHANNELS,
            num_heads=HEADS,
            topk=(1,),
            **kwargs,
        )
    )
    head.init_weights()
    return perturb(head.double(), std=0.5)


def joint(feats, row):
    """One sample of all modalities: class token, patches, saliency, there."""
    cls_token = sum(array(x.cls_token[row]) for x in feats.values() if x.present[row])
    return (
        cls_token,
        *(
            np.concatenate([array(part(x)[row]) for x in feats.values()])
            for part in (lambda x: x.patches, lambda x: x.saliency)
        ),
        np.concatenate(
            [[bool(x.present[row])] * x.patches.shape[1] for x in feats.values()]
        ),
    )


# -- Eqs 1–4 ------------------------------------------------------------------


@pytest.mark.parametrize('absent', [(), (('thermal', 0),)])
def test_frame_scores(absent):
    feats = tokens(regions=REGIONS, absent=absent)
    neck = selector().eval()
    selected, _ = neck(feats)
    for row in range(2):
        _, patches, _, present = joint(feats, row)
        expected = ref.frame_scores(
            patches, linear_of(neck.fc1), linear_of(neck.fc2), present
        )
        np.testing.assert_allclose(array(selected.frame_scores[row]), expected, **CLOSE)


def test_frame_scores_by_hand():
    """fc1 copies the first channel, fc2 copies fc1: scores of the means."""
    neck = MODELS.build(dict(type='KeyframeSelector', in_channels=2)).double()
    with torch.no_grad():
        for layer in (neck.fc1, neck.fc2):
            layer.weight.copy_(torch.tensor([[1.0, 0.0]]))
            layer.bias.fill_(7.0)
    patches = torch.zeros(1, 4, 2, 2, dtype=torch.float64)
    patches[0, :, :, 0] = torch.tensor([[0.0, 2.0], [5.0, 5.0], [2.0, 4.0], [4.0, 4.0]])
    scores = neck.score_frames(patches, torch.ones(1, 4, dtype=torch.bool))
    assert scores.tolist() == [[0.0, 1.0, 0.5, 0.75]]


# -- Eqs 5–7 ------------------------------------------------------------------


def queries_keys(layers=3, batch=2, dim=4):
    return [
        (
            torch.randn(batch, HEADS, 1 + REGIONS, dim).double(),
            torch.randn(batch, HEADS, 1 + REGIONS, dim).double(),
        )
        for _ in range(layers)
    ]


@pytest.mark.parametrize('layers', [1, 2, 3])
def test_region_scores(layers):
    qk = queries_keys(layers)
    scores = attention_product(qk)
    for row in range(2):
        expected = ref.region_scores(
            [array(q[row]) for q, _ in qk], [array(k[row]) for _, k in qk]
        )
        np.testing.assert_allclose(array(scores[row]), expected, **CLOSE)


def test_the_top_layer_stands_on_the_left():
    """The other order of the product gives other scores."""
    qk = queries_keys(3, batch=1)
    reverse = ref.region_scores(
        [array(q[0]) for q, _ in qk],
        [array(k[0]) for _, k in qk],
        top_on_the_left=False,
    )
    assert np.abs(array(attention_product(qk)[0]) - reverse).max() > 1e-3


def test_order_of_the_product_by_hand():
    """The top layer's class token looks at region 0, which looked at 1."""

    def maps(*targets):
        """Queries and keys with which token i attends to targets[i]."""
        eye = torch.eye(3).double()
        return 100 * eye[list(targets)][None, None], eye[None, None]

    low, high = maps(0, 2, 0), maps(1, 0, 0)
    assert attention_product([low, high])[0].round().tolist() == [0.0, 1.0]
    assert attention_product([high, low])[0].round().tolist() == [1.0, 0.0]


def test_attention_mixed_with_the_identity_by_hand():
    """Uniform attention to 2 tokens, one layer: (1/2 + 0) / 2."""
    zero = torch.zeros(1, 1, 2, 3)
    assert attention_product([(zero, zero)]).tolist() == [[0.5]]
    assert attention_product([(zero, zero)], mix_identity=True).tolist() == [[0.25]]


# -- Eq. 8 --------------------------------------------------------------------

SHARES = [
    dict(),
    dict(k1=0.125, k2=0.375),
    dict(k1=0.5, k2=0.5),
    dict(k1=1.0, k2=0.0),
    dict(r1=1.0, r2=0.01),
]


@pytest.mark.parametrize('training', [False, True])
@pytest.mark.parametrize('shares', SHARES)
@pytest.mark.parametrize('absent', [(), (('visible', 1),)])
def test_marks(shares, absent, training):
    feats = tokens(regions=11, absent=absent)
    neck = selector(num_samples=4, **shares).train(training)
    selected, losses = neck(feats)
    assert losses == {}
    options = dict(dict(k1=0.25, k2=0.25, r1=0.60, r2=0.35), **shares)
    for row in range(2):
        _, patches, saliency, present = joint(feats, row)
        scores = ref.frame_scores(
            patches, linear_of(neck.fc1), linear_of(neck.fc2), present
        )
        expected = ref.marks(scores, saliency, **options)
        np.testing.assert_array_equal(array(selected.marks[row]), expected)


def test_748_of_3136_regions_are_kept():
    """4·118 + 4·69: the counts are rounded to the nearest whole number."""
    feats = {
        name: ModalityTokens(
            torch.randn(1, 4),
            torch.randn(1, 8, 196, 4),
            torch.rand(1, 8, 196),
            torch.ones(1, dtype=torch.bool),
        )
        for name in 'ab'
    }
    neck = MODELS.build(dict(type='KeyframeSelector', in_channels=4)).eval()
    marks = neck(feats)[0].marks
    assert marks.numel() == 3136 and marks.sum() == 748
    per_frame = sorted(marks.sum(dim=2)[0].tolist())
    assert per_frame == 8 * [0] + 4 * [69] + 4 * [118]


# -- Eqs 9–12 -----------------------------------------------------------------


@pytest.mark.parametrize(
    'marks',
    [(1, 1, 1, 1, 1, 1), (1, 0, 1, 0, 0, 1), (0, 0, 1, 0, 0, 0), (0, 1, 1, 1, 1, 1)],
)
def test_masked_attention(marks):
    layer = perturb(MaskedAttention(CHANNELS, HEADS).double())
    x = torch.randn(1, 6, CHANNELS).double()
    m = torch.tensor([marks]).double()
    expected = ref.masked_attention(array(x[0]), array(m[0]), weights_of(layer), HEADS)
    np.testing.assert_allclose(array(layer(x, m, m > 0)[0]), expected, **CLOSE)


def test_output_of_dropped_and_of_fully_masked_rows_is_zero():
    """Also where nothing at all is kept: no NaN, forward and backward."""
    q, k, v = (torch.randn(2, 1, 3, 4, requires_grad=True) for _ in range(3))
    marks = torch.tensor([[0.0, 1.0, 1.0], [0.0, 0.0, 0.0]], requires_grad=True)
    out = masked_attention(q, k, v, marks, marks, marks.detach() > 0)
    assert (out[0, 0, 0] == 0).all() and (out[1] == 0).all()
    assert (out[0, 0, 1:] != 0).all()
    out.sum().backward()
    for x in (q, k, v, marks):
        assert x.grad.isfinite().all()


def test_dropped_tokens_do_not_influence_kept_ones():
    layer = MaskedAttention(CHANNELS, HEADS)
    x = torch.randn(1, 4, CHANNELS)
    m = torch.tensor([[1.0, 0.0, 1.0, 0.0]])
    before = layer(x, m, m > 0)
    x[:, 1::2] = 1e3
    torch.testing.assert_close(layer(x, m, m > 0), before)


def test_fewer_queries_are_the_first_rows():
    layer = MaskedAttention(CHANNELS, HEADS).double()
    x = torch.randn(2, 5, CHANNELS).double()
    m = torch.tensor([[1.0, 1.0, 0.0, 1.0, 0.0]]).double().expand(2, -1)
    torch.testing.assert_close(
        layer(x, m, m > 0, num_queries=2), layer(x, m, m > 0)[:, :2]
    )


# -- Eqs 13–16 ----------------------------------------------------------------


def selected_tokens(seed=0, absent=(), **shares):
    feats = tokens(regions=REGIONS, frames=2, seed=seed, absent=absent)
    neck = selector(num_samples=4, **shares).eval()
    selected, _ = neck(feats)
    return feats, neck, selected


@pytest.mark.parametrize('path', ['dense', 'gather'])
def test_local_class_token(path):
    _, _, feats = selected_tokens()
    head = fusion_head(path=path)
    found = head._local_cls_token(feats, select_regions(feats, head.dense))
    for row in range(2):
        expected = ref.local_class_token(
            array(feats.cls_token[row]),
            array(feats.patches[row]),
            array(feats.marks[row]),
            weights_of(head.fusion),
            HEADS,
        )
        np.testing.assert_allclose(array(found[row]), expected, **CLOSE)


@pytest.mark.parametrize('mask_mlp', [True, False])
@pytest.mark.parametrize('mask_attention', [True, False])
def test_fusion(mask_attention, mask_mlp):
    """All tokens of the dense path, the dropped ones included."""
    _, _, feats = selected_tokens()
    switches = dict(mask_attention=mask_attention, mask_mlp=mask_mlp)
    head = fusion_head(path='dense', **switches)
    cls_token, regions = head.fuse(
        feats, select_regions(feats, head.dense), regions=True
    )
    for row in range(2):
        expected_cls, expected = ref.fusion(
            array(feats.cls_token[row]),
            array(feats.patches[row]),
            array(feats.marks[row]),
            weights_of(head.fusion),
            HEADS,
            **switches,
        )
        np.testing.assert_allclose(array(cls_token[row]), expected_cls, **CLOSE)
        np.testing.assert_allclose(
            array(regions[row]), expected.reshape(-1, CHANNELS), **CLOSE
        )


def test_without_fusion_the_mean_of_the_kept_regions_is_added():
    _, _, feats = selected_tokens()
    for path in ('dense', 'gather'):
        head = fusion_head(path=path, fusion=False)
        found = head(feats)
        for row in range(2):
            kept = array(feats.patches[row])[array(feats.marks[row]) > 0]
            x = array(feats.cls_token[row]) + kept.mean(axis=0)
            np.testing.assert_allclose(
                array(found[row]), ref.linear(x, *linear_of(head.fc_cls)), **CLOSE
            )


# -- Eqs 17–20 ----------------------------------------------------------------


def test_region_distillation():
    teacher, student = torch.randn(2, 1, 6, CHANNELS).double()
    marks = torch.tensor([[1.0, 0.0, 1.0, 1.0, 0.0, 0.0]]).double()
    expected = ref.region_distillation(array(teacher), array(student), array(marks))
    found = region_distillation(teacher, student, marks)
    assert float(found) == pytest.approx(expected, rel=1e-6)


def test_region_distillation_by_hand():
    """Kept regions differ by 3 and by 1, the dropped one does not count."""
    teacher = torch.tensor([[[3.0, 3.0], [0.0, 0.0], [1.0, 1.0]]])
    marks = torch.tensor([[1.0, 0.0, 1.0]])
    found = region_distillation(teacher, torch.zeros(1, 3, 2), marks)
    assert float(found) == 5.0


def test_region_distillation_of_nothing_is_zero():
    x = torch.randn(1, 3, 2)
    assert float(region_distillation(x, -x, torch.zeros(1, 3))) == 0.0


def test_kl_divergence():
    teacher, student = torch.randn(2, 3, CLASSES).double()
    expected = np.mean(
        [ref.kl_divergence(array(t), array(s)) for t, s in zip(teacher, student)]
    )
    found = prediction_distillation(teacher, student)
    assert float(found) == pytest.approx(expected, rel=1e-6)


def test_kl_divergence_by_hand():
    """Teacher (1/2, 1/2), student (1/4, 3/4): ln 2 / 2 + ln (2/3) / 2."""
    teacher, student = torch.zeros(1, 2), torch.tensor([[0.0, np.log(3)]])
    found = prediction_distillation(teacher, student)
    assert float(found) == pytest.approx(np.log(4 / 3) / 2, rel=1e-6)


# -- End to end ---------------------------------------------------------------


@pytest.mark.parametrize('path', ['dense', 'gather'])
@pytest.mark.parametrize('absent', [(), (('thermal', 0),)])
@pytest.mark.parametrize('balance', [0.1, 0.7])
def test_logits_and_losses(path, absent, balance):
    """From the backbone's features to eq. 20."""
    feats, neck, selected = selected_tokens(seed=3, absent=absent)
    head = fusion_head(
        path=path,
        loss_distill=dict(type='SelfDistillLoss', balance=balance, teacher_weight=0.5),
    )
    classes = (2, 0)
    logits = head(selected)
    losses = head.loss(selected, labels(*classes))
    terms = []
    for row, label in enumerate(classes):
        cls_token, patches, saliency, present = joint(feats, row)
        scores = ref.frame_scores(
            patches, linear_of(neck.fc1), linear_of(neck.fc2), present
        )
        marks = ref.marks(scores, saliency, 0.25, 0.25, 0.60, 0.35)
        fused, regions = ref.fusion(
            cls_token, patches, marks, weights_of(head.fusion), HEADS
        )
        student = ref.linear(fused, *linear_of(head.fc_cls))
        teacher = ref.linear(cls_token, *linear_of(head.fc_teacher))
        np.testing.assert_allclose(array(logits[row]), student, **CLOSE)
        terms.append(
            (
                ref.cross_entropy(student, label),
                ref.region_distillation(patches, regions, marks),
                ref.kl_divergence(teacher, student),
                ref.cross_entropy(teacher, label),
            )
        )
    ce, distill, kl, teacher_ce = np.mean(terms, axis=0)
    expected = dict(
        loss_cls=ce,
        loss_distill=balance * distill,
        loss_kl=(1 - balance) * kl,
        loss_teacher=0.5 * teacher_ce,
    )
    found = {name: float(x.detach()) for name, x in losses.items() if 'loss' in name}
    assert found == pytest.approx(expected, rel=1e-6, abs=1e-6)
    assert sum(found.values()) - found['loss_teacher'] == pytest.approx(
        ref.joint_loss(ce, distill, kl, balance), rel=1e-6
    )
