"""What all fusions of scores have in common, after any backbone."""

import math

import pytest
import torch
from factory import CLASSES, build, total
from fusion import NAMES, WIDTH, config_of, features, make, samples
from mmaction.evaluation import top_k_accuracy as upstream_accuracy
from mmaction.registry import MODELS
from test_multi_branch import BRANCHES, IMAGES, branch_of

from mmbimodal.errors import InputError
from mmbimodal.structures import BranchFeatures, top_k_accuracy

HEADS = pytest.mark.parametrize(
    'kind', ['ScoreAverageHead', 'TMCHead', 'QMFHead', 'DynMMHead', 'PDFHead']
)
# Channels after pooling, and the head of MMAction2 for one branch.
UPSTREAM = dict(
    tsm=(512, 'TSMHead', dict(num_segments=8)),
    tanet=(512, 'TSMHead', dict(num_segments=8)),
    slowfast=(144, 'SlowFastHead', {}),
    csn=(64, 'I3DHead', {}),
    videoswin=(24, 'I3DHead', {}),
    mvit=(32, 'MViTHead', {}),
    timesformer=(16, 'TimeSformerHead', {}),
)
ROWS = pytest.mark.parametrize('row', UPSTREAM)


def assert_trains(head, feats, size, precision=None):
    """Finite losses, and finite gradients of every parameter."""
    for branch in feats.values():
        branch.features.requires_grad_()
    with autocast(precision):
        losses = head.train().loss(feats, samples(size))
    assert all(x.isfinite() for x in losses.values()), losses
    total(losses).backward()
    assert all(x.grad.isfinite().all() for x in head.parameters())
    # in float16 they may overflow, which is what scaling the loss is for
    for branch in feats.values():
        grad = branch.features.grad
        assert not grad.isnan().any()
        assert grad.dtype == torch.float16 or grad.isfinite().all()
    return losses


def autocast(dtype):
    return torch.autocast('cpu', dtype=dtype, enabled=dtype is not None)


def probabilities(head, feats, size):
    absent = [
        (name, i)
        for name, branch in feats.items()
        for i, present in enumerate(branch.present.tolist())
        if not present
    ]
    with torch.no_grad():
        found = head.eval().predict(feats, samples(size, absent=absent))
    scores = torch.stack([x.pred_score for x in found])
    assert scores.isfinite().all()
    torch.testing.assert_close(scores.sum(1), torch.ones(size))
    return found, scores


@HEADS
@pytest.mark.parametrize('count', [2, 3])
@pytest.mark.parametrize('size', [1, CLASSES, 7])
def test_it_trains_and_predicts(kind, count, size):
    head = make(kind, count=count)
    losses = assert_trains(head, features(size, count), size)
    assert {'top1_acc', 'top5_acc'} < set(losses)
    for name in NAMES[:count]:
        assert f'{name}/top1_acc' in losses
    probabilities(head, features(size, count), size)
    if kind != 'QMFHead':
        # clamped confidences may silence a modality, all others use it
        assert all(x.grad.any() for x in head.fc_cls.parameters())


@HEADS
def test_modalities_of_different_widths(kind):
    channels = dict(visible=4, thermal=9, depth=1)
    head = make(kind, width=channels, count=3)
    assert_trains(head, features(3, 3, channels=channels), 3)


@HEADS
def test_the_names_come_from_the_config(kind):
    """The order of the backbone's dictionary does not matter."""
    head, feats = make(kind).eval(), features(4)
    turned = dict(reversed(feats.items()))
    assert torch.equal(head(feats), head(turned))


@HEADS
def test_an_absent_modality_has_no_part(kind):
    """Whatever stands in its place; the branch that is left decides."""
    head = make(kind)
    absent = (('thermal', 0), ('visible', 2))
    feats = features(4, absent=absent)
    found, scores = probabilities(head, feats, 4)
    assert [tuple(x.branch_scores) for x in found] == [
        ('visible',),
        NAMES[:2],
        ('thermal',),
        NAMES[:2],
    ]
    assert found[0].branch_scores['visible'].argmax() == scores[0].argmax()
    with torch.no_grad():
        feats['thermal'].features[0] = torch.nan
        feats['visible'].features[2] = 1e30
    assert torch.equal(probabilities(head, feats, 4)[1], scores)
    losses = assert_trains(head, feats, 4)
    # and one that is there is not disturbed by its neighbours' absence
    full = probabilities(head, features(4), 4)[1]
    torch.testing.assert_close(scores[[1, 3]], full[[1, 3]])
    alone = (
        make(kind)
        .train()
        .loss(
            {
                name: BranchFeatures(x.features[i].detach(), x.present[i])
                for (name, x), i in zip(feats.items(), ([0, 1, 3], [1, 2, 3]))
            },
            [samples(4)[i] for i in (0, 1, 3)],
        )
    )
    torch.testing.assert_close(alone['visible/loss_cls'], losses['visible/loss_cls'])


@HEADS
def test_of_three_modalities_one_is_absent(kind):
    """TMC, QMF, average, PDF: as if there were only the two."""
    head, absent = make(kind, count=3), (('depth', 0), ('depth', 1))
    scores = probabilities(head, features(2, 3, absent=absent), 2)[1]
    if kind == 'DynMMHead':  # its gate and third expert see all three
        return
    pair = MODELS.build(config_of(kind))
    pair.load_state_dict(
        {
            name: x
            for name, x in head.state_dict().items()
            if 'depth' not in name and name != 'history'
        },
        strict=kind != 'QMFHead',
    )
    torch.testing.assert_close(probabilities(pair, features(2), 2)[1], scores)


@HEADS
def test_nothing_is_there(kind):
    absent = [(name, i) for name in NAMES for i in range(2)]
    head = make(kind)
    assert_trains(head, features(2, absent=absent), 2)
    found, _ = probabilities(head, features(2, absent=absent), 2)
    assert found[0].branch_scores == {}


@HEADS
@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
@pytest.mark.parametrize('scale', [1.0, 1e4])
def test_mixed_precision(kind, dtype, scale):
    """Logits of 1e4, modalities against each other; float32 inside."""
    head = make(kind)
    with torch.no_grad():
        for classifier in head.fc_cls.values():
            classifier.weight.copy_(torch.eye(CLASSES, WIDTH))
    feats = features(4, scale=scale)
    feats = {
        name: x._replace(features=x.features.to(dtype)) for name, x in feats.items()
    }
    losses = assert_trains(head, feats, 4, dtype)
    with autocast(dtype):
        scores = head.eval()(feats)
        probabilities(head, feats, 4)
    assert scores.dtype == torch.float32
    assert all(x.dtype == torch.float32 for x in losses.values())
    expected = head(
        {name: x._replace(features=x.features.float()) for name, x in feats.items()}
    )
    assert torch.equal(scores, expected)


def test_conflicting_evidence_of_1e4_in_half_precision():
    """One minus the conflict is 0 in bfloat16 here: NaN by the rule."""
    head = make('TMCHead')
    with torch.no_grad():
        for classifier in head.fc_cls.values():
            classifier.weight.copy_(1e4 * torch.eye(CLASSES, WIDTH))
            classifier.bias.fill_(-100)
    feats = features(1)
    for i, branch in enumerate(feats.values()):
        branch.features.zero_()[0, i] = 1
    assert_trains(head, feats, 1, torch.bfloat16)
    with autocast(torch.bfloat16):
        scores = probabilities(head, feats, 1)[1]
    assert scores[0, :2].tolist() == pytest.approx([0.5, 0.5], abs=1e-3)


@HEADS
def test_views_are_averaged_as_probabilities(kind):
    """Two views of each of three samples, as after MultiModalRecognizer."""
    head, feats = make(kind), features(6)
    found, scores = probabilities(head, feats, 3)
    with torch.no_grad():
        single = head(feats).softmax(1)
    torch.testing.assert_close(scores, (single[::2] + single[1::2]) / 2)
    one = probabilities(head, feats, 6)[0]
    for i, sample in enumerate(found):
        for name, row in sample.branch_scores.items():
            torch.testing.assert_close(
                row,
                (one[2 * i].branch_scores[name] + one[2 * i + 1].branch_scores[name])
                / 2,
            )


@HEADS
def test_soft_labels(kind):
    """Mixtures of classes, as MMAction2's Mixup makes them."""
    head, feats = make(kind).train(), features(CLASSES)
    hard = head.loss(feats, samples(CLASSES))
    soft = samples(CLASSES)
    for i, sample in enumerate(soft):
        sample.set_gt_label(torch.eye(CLASSES)[i])
    fresh = make(kind).train().loss(feats, soft)
    torch.testing.assert_close(total(fresh), total(hard))


def test_accuracies_are_those_of_upstream():
    """Over the present samples; of equal scores the later class is higher."""
    generator = torch.Generator().manual_seed(0)
    scores = torch.randn(50, CLASSES, generator=generator)
    labels = torch.randint(0, CLASSES, (50,), generator=generator)
    present = torch.rand(50, generator=generator) > 0.4
    ours = top_k_accuracy(scores, labels, (1, 2, 9), present)
    theirs = upstream_accuracy(
        scores[present].numpy(), labels[present].numpy(), (1, 2, 9)
    )
    assert [x.item() for x in ours] == pytest.approx(theirs)
    assert top_k_accuracy(scores, labels, (1,), present & False)[0] == 0
    equal, first = torch.ones(3, CLASSES), torch.tensor([0, 0, CLASSES - 1])
    found = torch.stack(top_k_accuracy(equal, first, (1, CLASSES)))
    torch.testing.assert_close(found, torch.tensor([1 / 3, 1.0]))


# backbones ---------------------------------------------------------------


@ROWS
def test_the_features_are_pooled_as_upstream_does(row):
    """A branch's scores are those of MMAction2's head for that backbone."""
    width, upstream, options = UPSTREAM[row]
    torch.manual_seed(0)
    branch = MODELS.build(dict(branch_of(row)))
    branch.eval()
    size = 2
    shape = (size * 8, 3, 32, 32) if row in IMAGES else (size, 3, 8, 32, 32)
    with torch.no_grad():
        outputs = branch(torch.randn(shape))
        single = MODELS.build(
            dict(type=upstream, num_classes=CLASSES, in_channels=width, **options)
        ).eval()
        head = make('ScoreAverageHead', width=width).eval()
        weight = head.fc_cls['visible'].weight
        if row == 'slowfast':  # upstream puts the fast pathway first
            slow = outputs[0].shape[1]
            weight = torch.cat((weight[:, slow:], weight[:, :slow]), dim=1)
        single.fc_cls.weight.copy_(weight)
        single.fc_cls.bias.copy_(head.fc_cls['visible'].bias)
        segments = 8 if row in IMAGES else 1
        present = torch.ones(size * segments, dtype=torch.bool)
        branches = head.classify(
            {name: BranchFeatures(outputs, present) for name in NAMES[:2]}, segments
        )
        torch.testing.assert_close(
            branches.logits[:, 0], single(outputs, num_segs=segments)
        )


@HEADS
@ROWS
def test_each_head_follows_each_backbone(kind, row):
    """A recognizer from a config; one sample lacks a modality."""
    model = build(
        dict(
            type='MultiModalRecognizer',
            backbone=dict(
                type='MultiBranchBackbone', branch=branch_of(row), modalities=NAMES[:2]
            ),
            cls_head=config_of(kind, UPSTREAM[row][0]),
        ),
        std=0.02,
    )
    generator = torch.Generator().manual_seed(0)
    shape = (3, 8, 3, 32, 32) if row in IMAGES else (3, 1, 3, 8, 32, 32)
    inputs = {name: torch.randn(shape, generator=generator) for name in NAMES[:2]}
    batch = samples(3)
    for i, sample in enumerate(batch):
        present = NAMES[:1] if i == 1 else NAMES[:2]
        sample.set_metainfo(dict(modalities=dict.fromkeys(present)))
    losses = model.train()(inputs, batch, mode='loss')
    assert total(losses).isfinite()
    total(losses).backward()
    assert all(
        x.grad.isfinite().all()
        for x in model.backbone.parameters()
        if x.grad is not None
    )
    assert (
        sum(
            x.grad is not None and x.grad.any().item()
            for x in model.backbone.parameters()
        )
        > 5
    )
    with torch.no_grad():
        found = model.eval()(inputs, batch, mode='predict')
    assert [tuple(x.branch_scores) for x in found] == [NAMES[:2], NAMES[:1], NAMES[:2]]
    for sample in found:
        assert sample.pred_score.sum().item() == pytest.approx(1, abs=1e-4)
    assert math.isfinite(found[1].pred_score.max())


@pytest.mark.parametrize(
    'kind,count',
    [
        ('ScoreAverageHead', 18456),
        ('TMCHead', 18456),
        ('QMFHead', 18456),
        ('DynMMHead', 234023),
        ('PDFHead', 4743194),
    ],
)
def test_parameters_at_full_size(kind, count):
    """Two modalities, 768 channels, 12 classes."""
    head = MODELS.build(
        dict(type=kind, num_classes=12, in_channels=768, modalities=NAMES[:2])
    )
    assert sum(x.numel() for x in head.parameters()) == count


def test_the_rows_are_all_upstream_backbones():
    assert set(UPSTREAM) == set(BRANCHES)


# mistakes ----------------------------------------------------------------


@pytest.mark.parametrize(
    'options,message',
    [
        (dict(count=1), 'two or more'),
        (dict(width=dict(visible=6, depth=6)), "'depth'.*'thermal'"),
    ],
)
def test_wrong_configs(options, message):
    with pytest.raises(InputError, match=message):
        make('ScoreAverageHead', **options)


def test_wrong_features():
    head = make('ScoreAverageHead')
    with pytest.raises(InputError, match="gives.*'depth'.*expects"):
        head(features(2, 3))
    with pytest.raises(InputError, match='thermal have 7 channels.*says 6'):
        head(features(2, channels=dict(visible=6, thermal=7)))
