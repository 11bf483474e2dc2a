"""Absence is a flag of the sample, and rows without a modality enter no branch."""

import copy

import pytest
import torch
from factory import CLASSES, MODALITIES, build, make_batch, model_config, total
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from mmengine.dataset import pseudo_collate
from torch import nn

from mmbimodal.errors import InputError
from mmbimodal.structures import (
    BranchFeatures,
    check_branch_output,
    presence_of,
    present_rows,
    scatter_rows,
    without_modalities,
)


class TinyBranch(nn.Module):
    """Convolution and batch norm over clips, B×3×T×H×W → B×4×T×H×W."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv3d(3, 4, 1)
        self.bn = nn.BatchNorm3d(4, momentum=0.5)
        self.calls = []

    def init_weights(self):
        pass

    def forward(self, x):
        self.calls.append(len(x))
        return self.bn(self.conv(x))


@pytest.fixture
def tiny_branch():
    MODELS.register_module(name='TinyBranch', module=TinyBranch, force=True)
    return dict(type='TinyBranch')


def recognizer(neck=None, head=None, shared=False):
    branch = dict(type='TinyBranch')
    branches = (
        dict(branch=branch, modalities=MODALITIES)
        if shared
        else dict(branches={name: dict(branch) for name in MODALITIES})
    )
    return build(
        dict(
            type='MultiModalRecognizer',
            backbone=dict(type='MultiBranchBackbone', **branches),
            neck=neck,
            cls_head=head
            or dict(
                type='I3DHead', num_classes=CLASSES, in_channels=4, dropout_ratio=0
            ),
        )
    )


SUM = dict(neck=dict(type='FeatureSum'))
PARTS = pytest.mark.parametrize(
    'parts',
    [
        SUM,
        dict(neck=dict(type='FeatureMean')),
        dict(
            neck=dict(
                type='FeatureConcat',
                in_channels=dict.fromkeys(MODALITIES, 4),
                out_channels=4,
            )
        ),
        dict(
            head=dict(
                type='ScoreAverageHead',
                num_classes=CLASSES,
                in_channels=4,
                modalities=MODALITIES,
            )
        ),
    ],
    ids=['sum', 'mean', 'concat', 'scores'],
)


def test_batch_norm_sees_present_rows_only(tiny_branch):
    model = recognizer(**SUM).train()
    alone = copy.deepcopy(model)
    inputs, samples = make_batch(4, absent=[('thermal', 1), ('thermal', 3)])
    inputs['thermal'][[1, 3]] = 1e4  # would show in every statistic
    model(inputs, samples, mode='loss')
    alone.backbone.branches['thermal'](inputs['thermal'][[0, 2], 0])
    found, expected = (x.backbone.branches['thermal'].bn for x in (model, alone))
    torch.testing.assert_close(found.running_mean, expected.running_mean)
    torch.testing.assert_close(found.running_var, expected.running_var)
    assert model.backbone.branches['thermal'].calls == [2]


def test_a_shared_branch_sees_present_rows_only(tiny_branch):
    model = recognizer(**SUM, shared=True).train()
    inputs, samples = make_batch(4, absent=[('thermal', 1), ('visible', 3)])
    model(inputs, samples, mode='loss')
    assert model.backbone.branches['shared'].calls == [6]


@PARTS
def test_a_modality_that_no_row_has_does_not_run(parts, tiny_branch):
    model = recognizer(**parts).train()
    branch = model.backbone.branches['thermal']
    before = copy.deepcopy(branch.state_dict())
    inputs, samples = make_batch(3, absent=[('thermal', i) for i in range(3)])
    losses = model(inputs, samples, mode='loss')
    total(losses).backward()
    assert branch.calls == []
    for name, value in branch.state_dict().items():
        assert torch.equal(value, before[name]), name
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None and parameter.grad.isfinite().all(), name
    assert not any(x.grad.any() for x in branch.parameters())
    scores = [x.pred_score for x in model.eval()(inputs, samples, mode='predict')]
    assert torch.stack(scores).isfinite().all()


@PARTS
def test_pixels_of_absent_rows_change_nothing(parts, tiny_branch):
    inputs, samples = make_batch(3, absent=[('visible', 0), ('thermal', 2)])
    other = {name: x.clone() for name, x in inputs.items()}
    other['visible'][0] = other['thermal'][2] = torch.nan
    expected, found = (
        recognizer(**parts).train()(x, samples, mode='loss') for x in (inputs, other)
    )
    for name, value in expected.items():
        assert torch.equal(torch.as_tensor(found[name]), torch.as_tensor(value)), name


def test_staf_does_not_read_pixels_of_absent_rows():
    inputs, samples = make_batch(3, absent=[('visible', 0), ('thermal', 2)])
    model = build(model_config()).eval()
    expected = model(inputs, samples, stage='head')
    inputs['visible'][0] = inputs['thermal'][2] = torch.nan
    assert torch.equal(model(inputs, samples, stage='head'), expected)


@pytest.mark.parametrize('share_weights', [True, False])
def test_timesformer_without_a_modality_in_the_whole_batch(share_weights):
    """Its placeholder has no pixels; every parameter gets a gradient."""
    model = build(model_config(share_weights=share_weights)).train()
    inputs, samples = make_batch(2, absent=[('thermal', 0), ('thermal', 1)])
    inputs['thermal'] = torch.zeros(2, 1, 0)
    total(model(inputs, samples, mode='loss')).backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None and parameter.grad.isfinite().all(), name


def test_a_nan_pixel_is_no_absence(tiny_branch):
    """The row stays present: the fault shows instead of passing silently."""
    model = recognizer(**SUM).eval()
    inputs, samples = make_batch(2)
    inputs['thermal'][1, 0, 0, 0, 0, 0] = torch.nan
    feats = model(inputs, samples, stage='backbone')
    assert feats['thermal'].present.tolist() == [True, True]
    assert feats['thermal'].features[1].isnan().any()
    assert feats['thermal'].features[0].isfinite().all()


def test_a_sample_without_any_modality_is_named(tiny_branch):
    inputs, samples = make_batch(2, absent=[('visible', 1), ('thermal', 1)])
    samples[1].set_metainfo(dict(sample_id='S7'))
    with pytest.raises(InputError, match='S7 has none of the modalities'):
        recognizer(**SUM)(inputs, samples)


# -- structures ---------------------------------------------------------------


def test_presence_of_views():
    _, samples = make_batch(2, absent=[('thermal', 1)])
    assert presence_of(samples, MODALITIES, 2) == dict(
        visible=[True] * 4, thermal=[True, True, False, False]
    )
    assert presence_of(samples[:1], MODALITIES) is None
    assert presence_of(None, MODALITIES) is None
    # without the key nothing is known to be absent
    assert presence_of([ActionDataSample()], MODALITIES) is None


def test_rows_return_to_their_places():
    x = torch.arange(12.0).view(4, 3)
    present = [True, False, False, True]
    rows = present_rows(x, present)
    assert rows.tolist() == x[[0, 3]].tolist()
    full = scatter_rows(rows, present)
    assert full.tolist() == [x[0].tolist(), [0] * 3, [0] * 3, x[3].tolist()]
    # two images of each sample, pooled by the branch
    full = scatter_rows(rows[:1], [False, False, True, True])
    assert full.tolist() == [[0] * 3, x[0].tolist()]


@pytest.mark.parametrize(
    'output',
    [torch.zeros(3), 'map', [], {'x': torch.zeros(2, 2)}, (torch.zeros(2, 2), 3)],
)
def test_contract_of_a_branch(output):
    with pytest.raises(InputError, match='Resnet.*B×C×.*class token last'):
        check_branch_output(output, 'Resnet')


def test_outputs_that_keep_the_contract():
    x = torch.zeros(2, 3, 4)
    for output in (x, [x, x], (x, x), (x, None), ([x, x], [x, x])):
        check_branch_output(output, 'Resnet')


# -- batches ------------------------------------------------------------------


def packed(skeleton=True):
    inputs = dict(
        visible=torch.ones(1, 3, 2, 4, 4, dtype=torch.uint8),
        skeleton=torch.ones(1, 2, 5, 17, 3),
    )
    sample = ActionDataSample(metainfo=dict(modalities=dict.fromkeys(inputs)))
    full = dict(inputs=inputs, data_samples=sample)
    return full if skeleton else without_modalities(full, ['skeleton'])


def preprocess(*samples):
    preprocessor = MODELS.build(
        dict(
            type='PairedDataPreprocessor',
            preprocessors=dict(
                visible=dict(
                    type='ActionDataPreprocessor',
                    mean=[1.0] * 3,
                    std=[2.0] * 3,
                    format_shape='NCTHW',
                ),
                skeleton=dict(type='ActionDataPreprocessor'),
            ),
        )
    )
    batch = pseudo_collate(samples)
    before = {name: list(rows) for name, rows in batch['inputs'].items()}
    found = preprocessor(batch)
    for name, rows in before.items():
        assert all(x is y for x, y in zip(batch['inputs'][name], rows))
    return found


def test_a_missing_skeleton_has_the_shape_of_a_skeleton():
    batch = preprocess(packed(), packed(skeleton=False))
    assert list(batch['inputs']) == ['visible', 'skeleton']
    assert batch['inputs']['visible'].shape == (2, 1, 3, 2, 4, 4)
    assert batch['inputs']['skeleton'].shape == (2, 1, 2, 5, 17, 3)
    assert presence_of(batch['data_samples'], batch['inputs']) == dict(
        visible=[True, True], skeleton=[True, False]
    )


def test_a_batch_without_skeletons_has_a_placeholder():
    batch = preprocess(packed(skeleton=False), packed(skeleton=False))
    assert batch['inputs']['skeleton'].shape == (2, 1, 0)


def test_the_original_sample_is_not_modified():
    sample = packed()
    without_modalities(sample, ['skeleton'])
    assert sample['inputs']['skeleton'].numel()
    assert list(sample['data_samples'].modalities) == ['visible', 'skeleton']


def test_concatenation_fills_the_width_of_a_modality_that_no_sample_has():
    neck = MODELS.build(
        dict(type='FeatureConcat', in_channels=dict(a=2, b=5), out_channels=3)
    )
    feats = dict(
        a=BranchFeatures(torch.ones(2, 2), torch.ones(2, dtype=torch.bool)),
        b=BranchFeatures(None, torch.zeros(2, dtype=torch.bool)),
    )
    fused, _ = neck(feats)
    expected = neck.projections[0](torch.tensor([[1.0, 1, 0, 0, 0, 0, 0]] * 2))
    torch.testing.assert_close(fused, expected)
