"""AMFI-Net's fusion against references in float64 from the paper's equations."""

import math

import amfi_reference as reference
import numpy as np
import pytest
import torch
from factory import CLASSES, total
from fusion import (
    BATCH,
    LABELS,
    NAMES,
    WIDTH,
    close,
    features,
    make,
    samples,
)
from mmaction.registry import MODELS
from test_score_fusion_head import assert_trains, autocast

from mmbimodal.errors import InputError
from mmbimodal.models.layers import FeatureCorrelation
from mmbimodal.structures import BranchFeatures

READINGS = pytest.mark.parametrize('positions', ['entry', 'token', 'vector'])
FUSIONS = ('amfi', 'average', 'multiply', 'max', 'concat')
EVERY_FUSION = pytest.mark.parametrize('fusion', FUSIONS)
SIMPLE = FUSIONS[1:]


def amfi(decision='visible', **options):
    return make('AMFIFusionHead', decision=decision, **options)


def same(found, expected):
    """To 1e-6 in float64."""
    np.testing.assert_allclose(found.detach().numpy(), expected, rtol=1e-6, atol=1e-6)


def rows_of(feats):
    """The features of each sample in float64, B lists of M vectors."""
    parts = [reference.array(x.features) for x in feats.values()]
    return [list(row) for row in zip(*parts)]


def scores_of(head, feats):
    """Scores without the base class's rounding to float32."""
    present = torch.stack([x.present for x in feats.values()], dim=1)
    fused, gate = head.fuse([x.features for x in feats.values()], present)
    return head.fc_cls(fused), gate


# equations ---------------------------------------------------------------


def test_a_block_adds_its_input():
    """Eq. 5, y = f(x) + x, in the ResNet3d of the configs."""
    torch.manual_seed(0)
    block = (
        MODELS.build(
            dict(
                type='ResNet3d',
                depth=18,
                base_channels=2,
                pretrained=None,
                inflate=(1, 1, 1, 1),
                zero_init_residual=False,
            )
        )
        .layer1[0]
        .double()
        .eval()
    )
    x = torch.randn(1, 2, 3, 4, 4).double()
    # fresh batch norm: mean 0, variance 1
    scale = 1 / math.sqrt(1 + block.conv1.norm.eps)
    kernels = [reference.array(part.conv.weight) for part in (block.conv1, block.conv2)]
    hidden = np.maximum(scale * reference.convolve(x[0].numpy(), kernels[0]), 0)
    residual = scale * reference.convolve(hidden, kernels[1])
    same(block(x)[0], np.maximum(residual + x[0].numpy(), 0))


@READINGS
def test_correlation(positions):
    """Eqs 8–11."""
    torch.manual_seed(1)
    module = FeatureCorrelation(WIDTH, positions).double()
    x = torch.randn(3, 2 * WIDTH).double()
    expected = [reference.correlate(module, row.numpy(), positions) for row in x]
    same(module(x), np.stack(expected))


def test_vector_is_a_linear_layer():
    """One position: z = W_z g(x) + x, whatever θ and β are."""
    module = FeatureCorrelation(WIDTH, 'vector')
    x = torch.randn(4, 2 * WIDTH)
    torch.testing.assert_close(module(x), module.w_z(module.g(x)) + x)


def test_entries_by_hand():
    """Equal scores: y is the mean of g, 2."""
    module = FeatureCorrelation(2, 'entry')
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.zero_()
        module.g.bias.copy_(torch.tensor([1.0, 3.0]))
        module.w_z.weight[0, 0] = module.w_z.weight[3, 1] = 1
    x = torch.tensor([[10.0, 20.0, 30.0, 40.0]])
    assert module(x).tolist() == [[12.0, 20.0, 30.0, 42.0]]


@READINGS
@pytest.mark.parametrize('target', ['decision', 'printed'])
@pytest.mark.parametrize('decides', [0, 1])
def test_head(positions, target, decides):
    """Eqs 7–21: scores and both terms of the joint loss."""
    head = amfi(
        NAMES[decides],
        positions=positions,
        loss_gate=dict(type='GateLoss', balance=0.7, target=target),
    ).double()
    feats = features()
    feats = {k: x._replace(features=x.features.double()) for k, x in feats.items()}
    results = [reference.fuse(head, x, positions, decides) for x in rows_of(feats)]
    expected = np.stack([reference.linear(head.fc_cls, y) for y, _ in results])
    scores, gate = scores_of(head, feats)
    same(scores, expected)
    classify, gate_term = reference.joint_loss(
        expected, LABELS.tolist(), [g for _, g in results], 0.7, target
    )
    everyone = torch.ones(BATCH, dtype=torch.bool)
    same(head.loss_gate(gate, everyone), gate_term)
    # the whole head computes in float32
    losses = head.float().loss(features(), samples())
    assert losses['loss_cls'].item() == pytest.approx(classify, rel=1e-5)
    assert losses['loss_gate'].item() == pytest.approx(gate_term, rel=1e-5)
    assert total(losses).item() == pytest.approx(classify + gate_term, rel=1e-5)
    mean = np.mean([g for _, g in results])
    assert losses[f'{NAMES[decides]}/gate'].item() == pytest.approx(mean, rel=1e-5)
    found = head.predict(features(), samples())
    close(torch.stack([x.pred_score for x in found]), torch.tensor(expected).softmax(1))


@pytest.mark.parametrize(
    'fusion,expected',
    [
        ('average', [2.0, 0.5, -2.5]),
        ('multiply', [3.0, -6.0, 4.0]),
        ('max', [3.0, 3.0, -1.0]),
        ('concat', [1.0, -2.0, -1.0, 3.0, 3.0, -4.0]),
    ],
)
def test_fusions_by_hand(fusion, expected):
    """Table 3, on the features."""
    head = make('AMFIFusionHead', fusion=fusion, width=3)
    parts = [torch.tensor([[1.0, -2.0, -1.0]]), torch.tensor([[3.0, 3.0, -4.0]])]
    fused, gate = head.fuse(parts, torch.ones(1, 2, dtype=torch.bool))
    assert fused.tolist() == [expected] and gate is None


# learning ----------------------------------------------------------------


@READINGS
def test_theta_and_beta_learn_but_in_the_literal_reading(positions):
    head = amfi(positions=positions)
    total(head.loss(features(), samples())).backward()
    learns = [
        layer.weight.grad.abs().max() > 1e-8
        for layer in (head.correlation.theta, head.correlation.beta)
    ]
    assert learns == [positions != 'vector'] * 2
    if positions == 'vector':
        assert not head.correlation.theta.weight.grad.any()
        assert not head.correlation.beta.bias.grad.any()


@pytest.mark.parametrize('positions', ['entry', 'token'])
def test_gradients_reach_every_parameter(positions):
    head = amfi(positions=positions)
    feats = features()
    assert_trains(head, feats, BATCH)
    # β's bias adds the same number to every score of a position
    silent = {'correlation.beta.bias'} if positions == 'token' else set()
    for name, parameter in head.named_parameters():
        assert (parameter.grad.abs().max() > 1e-7) != (name in silent), name
    assert all(x.features.grad.abs().sum(1).all() for x in feats.values())


@pytest.mark.parametrize('fusion', SIMPLE)
def test_the_classifier_alone_learns_in_the_simple_fusions(fusion):
    head = make('AMFIFusionHead', fusion=fusion)
    losses = assert_trains(head, features(), BATCH)
    assert [x for x in losses if 'loss' in x] == ['loss_cls']
    assert {x for x, _ in head.named_parameters()} == {'fc_cls.weight', 'fc_cls.bias'}


@pytest.mark.parametrize('target,rises', [('decision', True), ('printed', False)])
def test_the_gate_loss_alone_moves_the_gate(target, rises):
    """-log G raises the mean gate, the printed -log(1 - G) lowers it."""
    head = amfi(loss_gate=dict(type='GateLoss', balance=1.0, target=target))
    optimizer = torch.optim.SGD(head.parameters(), lr=0.5)
    gates = []
    for _ in range(20):
        losses = head.loss(features(), samples())
        gates.append(losses['visible/gate'].item())
        optimizer.zero_grad()
        losses['loss_gate'].backward()
        optimizer.step()
    assert (gates[-1] - gates[0] > 0.1) if rises else (gates[0] - gates[-1] > 0.1)


def test_without_a_gate_loss():
    assert 'loss_gate' not in amfi(loss_gate=None).loss(features(), samples())
    losses = amfi(loss_gate=dict(type='GateLoss', balance=0.0)).loss(
        features(), samples()
    )
    assert losses['loss_gate'] == 0


def test_a_saturated_gate_has_a_finite_loss():
    loss = MODELS.build(dict(type='GateLoss', balance=1.0))
    gate = torch.tensor([[-200.0, 200.0]], requires_grad=True)
    value = loss(gate, torch.ones(1, dtype=torch.bool))
    value.backward()
    assert value.item() == pytest.approx(100.0)
    assert gate.grad.tolist() == [[-0.5, 0.0]]


# absence -----------------------------------------------------------------


@READINGS
@pytest.mark.parametrize('decision', NAMES[:2])
def test_the_gate_leaves_an_absent_modality_out(positions, decision):
    """The classifier on the other one's weighted feature alone."""
    head = amfi(decision, positions=positions).eval()
    feats = features(3, absent=(('thermal', 0), ('visible', 2)))
    with torch.no_grad():
        scores = head(feats)
        for row, name, index in ((0, 'visible', 0), (2, 'thermal', 1)):
            x = feats[name].features[row]
            parts = [torch.zeros(WIDTH), torch.zeros(WIDTH)]
            parts[index] = x
            correlated = head.correlation(torch.cat(parts)[None])
            weighted = x * head.weighting.fc[index](correlated)[0].sigmoid()
            torch.testing.assert_close(scores[row], head.fc_cls(weighted))
        # it does not read what stands in the absent one's place
        feats['thermal'].features[0] = torch.nan
        feats['visible'].features[2] = 1e30
        assert torch.equal(head(feats), scores)
        torch.testing.assert_close(scores[1], head(features(3))[1])


@EVERY_FUSION
def test_absent_modalities(fusion):
    """Finite scores and gradients; samples with both are not disturbed."""
    head = amfi(fusion=fusion)
    absent = (('thermal', 0), ('visible', 2))
    scores = head(features(4, absent=absent)).detach()
    torch.testing.assert_close(scores[[1, 3]], head(features(4))[[1, 3]])
    losses = assert_trains(head, features(4, absent=absent), 4)
    if fusion == 'amfi':
        # the gate learns from samples with both
        x = {
            k: v._replace(features=v.features.detach()) for k, v in features(4).items()
        }
        both = {
            k: BranchFeatures(v.features[[1, 3]], v.present[:2]) for k, v in x.items()
        }
        alone = amfi().loss(both, [samples(4)[i] for i in (1, 3)])
        for key in ('loss_gate', 'visible/gate'):
            torch.testing.assert_close(losses[key], alone[key])
    if fusion in ('average', 'multiply', 'max'):
        # as if the other modality were alone
        expected = head.fc_cls(features(4)['visible'].features[0])
        torch.testing.assert_close(scores[0], expected)


@EVERY_FUSION
def test_a_batch_without_a_modality(fusion):
    """Its branch did not run; nothing at all is no reason for a NaN either."""
    head = amfi(fusion=fusion)
    feats = features(2)
    none = torch.zeros(2, dtype=torch.bool)
    feats['thermal'] = BranchFeatures(None, none)
    losses = head.loss(feats, samples(2))
    assert total(losses).isfinite()
    total(losses).backward()
    # distributed training waits for a gradient of every parameter
    assert all(x.grad.isfinite().all() for x in head.parameters())
    feats['visible'] = BranchFeatures(None, none)
    assert head(feats).isfinite().all()


# the rest ----------------------------------------------------------------


@EVERY_FUSION
@pytest.mark.parametrize('size', [1, CLASSES])
def test_it_trains_and_predicts(fusion, size):
    head = amfi(fusion=fusion)
    losses = assert_trains(head, features(size), size)
    assert {'top1_acc', 'top5_acc'} < set(losses)
    found = head.eval().predict(features(2 * size), samples(size))
    single = head(features(2 * size)).softmax(1)
    # two views of each sample
    torch.testing.assert_close(
        torch.stack([x.pred_score for x in found]), (single[::2] + single[1::2]) / 2
    )


@pytest.mark.parametrize('fusion', SIMPLE)
def test_three_modalities_in_the_simple_fusions(fusion):
    head = make('AMFIFusionHead', fusion=fusion, count=3)
    assert_trains(head, features(3, 3), 3)


def test_concat_takes_different_widths():
    channels = dict(visible=4, thermal=9)
    head = make('AMFIFusionHead', fusion='concat', width=channels)
    assert head.fc_cls.in_features == 13
    assert_trains(head, features(3, channels=channels), 3)


def test_the_names_come_from_the_config():
    head, feats = amfi(), features(4)
    assert torch.equal(head(feats), head(dict(reversed(feats.items()))))


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_mixed_precision(dtype):
    head, feats = amfi(), features(4)
    feats = {k: x._replace(features=x.features.to(dtype)) for k, x in feats.items()}
    with autocast(dtype):
        losses = head.loss(feats, samples(4))
        scores = head(feats)
    assert scores.dtype == torch.float32
    expected = {k: x._replace(features=x.features.float()) for k, x in feats.items()}
    assert torch.equal(scores, head(expected))
    assert all(x.isfinite() for x in losses.values())


@pytest.mark.parametrize(
    'options,count',
    [
        # θ, β, g 1024→512; W_z 512→1024; two FC 1024→512; gate 512→512; 60 classes
        (dict(decision='thermal'), 3_442_748),
        (dict(decision='thermal', positions='vector'), 3_442_748),
        # θ, β, g, W_z 512→512
        (dict(decision='thermal', positions='token'), 2_393_660),
        (dict(fusion='average'), 30_780),
        (dict(fusion='concat'), 61_500),
    ],
)
def test_parameters_at_full_size(options, count):
    head = MODELS.build(
        dict(
            type='AMFIFusionHead',
            num_classes=60,
            in_channels=512,
            modalities=NAMES[:2],
            **options,
        )
    )
    assert sum(x.numel() for x in head.parameters()) == count


# mistakes ----------------------------------------------------------------


@pytest.mark.parametrize(
    'options,message',
    [
        (dict(decision='depth'), "decision='depth' is none.*visible, thermal"),
        (dict(decision=None), 'decision=None is none'),
        (dict(decision='depth', fusion='max'), "decision='depth' is none"),
        (dict(fusion='sum'), "fusion='sum' is unknown.*average, multiply"),
        (dict(positions='pixel'), "positions='pixel' is unknown.*entry, token"),
        (dict(count=3), 'between two modalities.*visible, thermal, depth'),
        (dict(count=1), 'fuses two or more modalities'),
        (dict(width=dict(visible=6, thermal=4)), "features of one width.*'thermal': 4"),
        (dict(width=dict(visible=6, depth=6)), "names.*'depth'.*'thermal'"),
        (dict(loss_gate=dict(type='GateLoss', balance=-1)), 'balance=-1 is the λ'),
        (dict(loss_gate=dict(type='GateLoss', balance=math.nan)), 'balance=nan'),
        (dict(loss_gate=dict(type='GateLoss', target='both')), "target='both'"),
    ],
)
def test_wrong_configs(options, message):
    with pytest.raises(InputError, match=message):
        amfi(**options)


def test_wrong_features():
    with pytest.raises(InputError, match="gives.*'depth'.*expects"):
        amfi()(features(2, 3))
    with pytest.raises(InputError, match='thermal have 7 channels.*says 6'):
        amfi()(features(2, channels=dict(visible=6, thermal=7)))


@EVERY_FUSION
@pytest.mark.parametrize('value', [math.nan, math.inf])
def test_features_that_are_no_numbers_name_the_sample(fusion, value):
    """The second view of the second sample."""
    feats = features(6)
    feats['thermal'].features[3, 2] = value
    batch = samples(3)
    for i, sample in enumerate(batch):
        sample.set_metainfo(dict(sample_id=f'clip{i}'))
    with pytest.raises(InputError, match='features of thermal are NaN.*sample clip1'):
        amfi(fusion=fusion).predict(feats, batch)
    feats = features(2)
    feats['visible'].features[1, 0] = value
    with pytest.raises(InputError, match='features of visible are NaN.*sample clip1'):
        amfi(fusion=fusion).loss(feats, batch[:2])
