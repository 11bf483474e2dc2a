"""Any backbone of MMAction2 as the branches of several modalities."""

import copy

import pytest
import torch
from factory import build, labels, tokens
from mmaction.registry import MODELS

from mmbimodal.errors import InputError
from mmbimodal.models import FeatureConcat, FeatureMean, FeatureSum, MultiBranchBackbone
from mmbimodal.models.weights import fill_backbone
from mmbimodal.structures import BranchFeatures, tensors_of

NAMES = ('visible', 'thermal')
PATHWAY = dict(
    type='resnet3d',
    depth=50,
    num_stages=2,
    pretrained=None,
    spatial_strides=(1, 2),
    temporal_strides=(1, 1),
    dilations=(1, 1),
    out_indices=(1,),
    conv1_stride_t=1,
    pool1_stride_t=1,
)
RESNET = dict(num_stages=2, strides=(1, 2), dilations=(1, 1), out_indices=(1,))
# One small backbone for each of the seven upstream rows of Table 1.
BRANCHES = dict(
    tsm=dict(type='ResNetTSM', depth=18, num_segments=8, pretrained2d=False),
    tanet=dict(type='TANet', depth=50, num_segments=8, **RESNET),
    slowfast=dict(
        type='ResNet3dSlowFast',
        resample_rate=4,
        speed_ratio=4,
        channel_ratio=8,
        slow_pathway=dict(
            lateral=True,
            base_channels=16,
            fusion_kernel=7,
            conv1_kernel=(1, 7, 7),
            inflate=(0, 1),
            **PATHWAY,
        ),
        fast_pathway=dict(
            lateral=False,
            base_channels=2,
            conv1_kernel=(5, 7, 7),
            inflate=(1, 1),
            **PATHWAY,
        ),
    ),
    csn=dict(
        type='ResNet3dCSN',
        depth=50,
        pretrained=None,
        pretrained2d=False,
        with_pool2=False,
        bottleneck_mode='ip',
        num_stages=2,
        spatial_strides=(1, 2),
        temporal_strides=(1, 2),
        dilations=(1, 1),
        inflate=(1, 1),
        out_indices=(1,),
        base_channels=8,
        zero_init_residual=False,
    ),
    videoswin=dict(
        type='SwinTransformer3D',
        pretrained2d=False,
        patch_size=(2, 4, 4),
        window_size=(8, 7, 7),
        arch=dict(embed_dims=12, depths=[2, 2], num_heads=[2, 2]),
        out_indices=(1,),
    ),
    mvit=dict(
        type='MViT',
        temporal_size=8,
        spatial_size=32,
        out_scales=1,
        arch=dict(embed_dims=16, num_layers=2, num_heads=1, downscale_indices=[1]),
    ),
    timesformer=dict(
        type='TimeSformer',
        num_frames=8,
        img_size=32,
        patch_size=16,
        embed_dims=16,
        num_heads=2,
        num_transformer_layers=2,
        transformer_layers=None,
    ),
)
IMAGES = ('tsm', 'tanet')
EACH = pytest.mark.parametrize('row', BRANCHES)


def branch_of(row):
    return copy.deepcopy(BRANCHES[row])


def inputs_for(row, seed=0, size=2):
    """Two modalities of ``size`` clips of 8 frames of 32×32."""
    generator = torch.Generator().manual_seed(seed)
    shape = (size * 8, 3, 32, 32) if row in IMAGES else (size, 3, 8, 32, 32)
    return {name: torch.randn(shape, generator=generator) for name in NAMES}


def backbone(**config):
    model = build(dict(type='MultiBranchBackbone', **config), std=0.02)
    return model.eval()


def shared(row):
    return backbone(branch=branch_of(row), modalities=NAMES)


def assert_same(found, expected, **tolerance):
    found, expected = tensors_of(found), tensors_of(expected)
    assert len(found) == len(expected) > 0
    for x, y in zip(found, expected):
        torch.testing.assert_close(x, y, **tolerance)


@EACH
def test_a_branch_is_the_upstream_backbone(row):
    """Bit for bit, with the same weights."""
    model = backbone(branches={name: branch_of(row) for name in NAMES})
    inputs = inputs_for(row)
    with torch.no_grad():
        feats = model(inputs)
        assert tuple(feats) == NAMES
        for name in NAMES:
            alone = MODELS.build(branch_of(row))
            alone.eval()  # upstream's ResNets return nothing here
            alone.load_state_dict(model.branches[name].state_dict())
            expected = alone(inputs[name])
            assert type(feats[name].features) is type(expected)
            assert_same(feats[name].features, expected, rtol=0, atol=0)
            assert feats[name].present.all()


@EACH
def test_shared_weights_are_two_calls(row):
    model = shared(row)
    inputs = inputs_for(row)
    with torch.no_grad():
        feats = model(inputs)
        for name in NAMES:
            assert_same(feats[name].features, model.branches['shared'](inputs[name]))


@EACH
def test_one_modality(row):
    model = backbone(branch=branch_of(row), modalities=NAMES[:1])
    x = inputs_for(row)[NAMES[0]]
    with torch.no_grad():
        fused, _ = FeatureSum()(model({NAMES[0]: x}))
        assert_same(fused, model.branches['shared'](x), rtol=0, atol=0)


@EACH
def test_an_absent_modality_leaves_the_sum_and_the_mean(row):
    model = shared(row)
    inputs = inputs_for(row)
    first = 8 if row in IMAGES else 1
    size = len(inputs['thermal'])
    flags = dict(visible=[True] * size, thermal=[i < first for i in range(size)])
    with torch.no_grad():
        feats = model(inputs, flags)
        visible, thermal = (tensors_of(feats[name].features) for name in NAMES)
        added, mean = (
            tensors_of(neck(feats)[0]) for neck in (FeatureSum(), FeatureMean())
        )
    for x, y, s, m in zip(visible, thermal, added, mean):
        half = len(x) // 2
        assert_same(s[:half], (x + y)[:half])
        assert_same(m[:half], (x + y)[:half] / 2)
        assert_same(s[half:], x[half:])
        assert_same(m[half:], x[half:])


def test_the_inputs_are_not_modified():
    inputs = inputs_for('csn')
    before = copy.deepcopy(inputs)
    flags = dict(visible=[True, True], thermal=[True, False])
    shared('csn')(inputs, flags)
    for name in NAMES:
        assert torch.equal(inputs[name], before[name])
    assert flags == dict(visible=[True, True], thermal=[True, False])
    assert list(inputs) == list(NAMES)


def test_the_order_is_the_configs():
    inputs = dict(reversed(inputs_for('csn').items()))
    assert tuple(shared('csn')(inputs)) == NAMES


def test_shared_weights_with_different_numbers_of_frames():
    """No single batch; the maps differ in size and are averaged."""
    inputs = inputs_for('csn')
    inputs['thermal'] = inputs['thermal'][:, :, :4]
    feats = shared('csn')(inputs)
    maps = [feats[name].features for name in NAMES]
    assert maps[0].shape[2:] != maps[1].shape[2:]
    fused, _ = FeatureSum()(feats)
    assert_same(fused.flatten(1), sum(x.mean(dim=(2, 3, 4)) for x in maps))


def test_different_architectures_are_concatenated():
    model = backbone(
        branches=dict(zip(NAMES, (branch_of('csn'), branch_of('videoswin'))))
    )
    feats = model(inputs_for('csn'))
    widths = {name: x.features.shape[1] for name, x in feats.items()}
    assert len(set(widths.values())) == 2
    fused, losses = FeatureConcat(widths, 10)(feats)
    assert fused.shape[:2] == (2, 10) and losses == {}
    with pytest.raises(InputError, match='widths.*FeatureConcat'):
        FeatureSum()(feats)


def test_skeletons_beside_videos():
    """B×M×T×V×C for the graph network, its own branch."""
    model = backbone(
        branches=dict(
            visible=branch_of('csn'),
            skeleton=dict(
                type='STGCN',
                graph_cfg=dict(layout='coco'),
                base_channels=8,
                num_stages=2,
                inflate_stages=[2],
                down_stages=[2],
            ),
        )
    )
    inputs = dict(
        visible=inputs_for('csn')['visible'], skeleton=torch.randn(2, 1, 8, 17, 3)
    )
    feats = model(inputs, dict(visible=[True, True], skeleton=[False, True]))
    assert feats['skeleton'].present.tolist() == [False, True]
    assert feats['skeleton'].features.shape[:2] == (2, 1)


@pytest.mark.parametrize(
    'row,widths', [('csn', 64), ('slowfast', (128, 16)), ('mvit', (32, 32))]
)
def test_concatenation_keeps_the_structure(row, widths):
    feats = shared(row)(inputs_for(row))
    fused, _ = FeatureConcat(dict.fromkeys(NAMES, widths), widths)(feats)
    expected = feats[NAMES[0]].features
    assert type(fused) is type(expected)
    assert [x.shape for x in tensors_of(fused)] == [
        x.shape for x in tensors_of(expected)
    ]


def test_concatenation_by_hand():
    neck = FeatureConcat(dict(a=1, b=2), 1)
    neck.projections[0].weight.data = torch.tensor([[1.0, 10.0, 100.0]])
    neck.projections[0].bias.data.zero_()
    feats = dict(
        a=BranchFeatures(torch.tensor([[1.0], [1.0]]), torch.tensor([True, False])),
        b=BranchFeatures(
            torch.tensor([[2.0, 3.0], [2.0, 3.0]]), torch.tensor([True, True])
        ),
    )
    assert neck(feats)[0].tolist() == [[321.0], [320.0]]
    # without a projection: side by side, zeros where there is nothing
    assert FeatureConcat()(feats)[0].tolist() == [[1.0, 2.0, 3.0], [0.0, 2.0, 3.0]]


@pytest.mark.parametrize('row', ['csn', 'slowfast', 'mvit'])
def test_concatenation_without_projection_keeps_the_structure(row):
    feats = shared(row)(inputs_for(row))
    fused, _ = FeatureConcat()(feats)
    assert_same(
        fused,
        [
            torch.cat(pair, dim=1)
            for pair in zip(*(tensors_of(x.features) for x in feats.values()))
        ],
    )
    assert type(fused) is type(feats[NAMES[0]].features)


def test_class_tokens_are_fused_by_the_same_necks():
    """What BimodalTimeSformer gives; the second sample lacks one."""
    feats = tokens(2, absent=(('thermal', 1),))
    visible, thermal = (x.cls_token for x in feats.values())
    there = torch.tensor([[1.0], [0.0]])
    assert torch.equal(FeatureSum()(feats)[0], visible + there * thermal)
    assert_same(FeatureMean()(feats)[0], (visible + there * thermal) / (1 + there))
    assert torch.equal(
        FeatureConcat()(feats)[0], torch.cat((visible, there * thermal), dim=1)
    )


# heads -------------------------------------------------------------------

HEADS = dict(
    tsm=('TSMHead', 512, dict(num_segments=8)),
    tanet=('TSMHead', 512, dict(num_segments=8)),
    slowfast=('SlowFastHead', 144, {}),
    csn=('I3DHead', 64, {}),
    videoswin=('I3DHead', 24, {}),
    mvit=('MViTHead', 32, {}),
    timesformer=('TimeSformerHead', 16, {}),
)


def recognizer(row, kind=None, **neck):
    head, channels, options = HEADS[row]
    return dict(
        type='MultiModalRecognizer',
        backbone=dict(
            type='MultiBranchBackbone', branch=branch_of(row), modalities=NAMES
        ),
        neck=dict(dict(type='FeatureSum'), **neck),
        cls_head=dict(
            type=kind or head,
            num_classes=3,
            in_channels=channels,
            average_clips='prob',
            **({} if kind else options),
        ),
    )


def views(inputs, row, count):
    """Repeat one view: (N·8)×C×H×W or N×C×T×H×W → N×V×…."""
    if row in IMAGES:
        inputs = {name: x.unflatten(0, (-1, 8)) for name, x in inputs.items()}
        return {name: torch.cat(count * [x], dim=1) for name, x in inputs.items()}
    return {name: torch.stack(count * [x], dim=1) for name, x in inputs.items()}


@pytest.mark.parametrize(
    'row,head', [*[(row, None) for row in BRANCHES], ('tsm', 'TSNHead')]
)
def test_upstreams_heads_follow(row, head):
    """Loss, prediction, and two views that are the same as one."""
    model = build(recognizer(row, head), std=0.02)
    inputs = inputs_for(row)
    losses = model.train()(views(inputs, row, 1), labels(0, 2), mode='loss')
    assert losses['loss_cls'].isfinite()
    model.eval()
    with torch.no_grad():
        once, twice = (
            [
                x.pred_score
                for x in model(views(inputs, row, count), labels(0, 2), mode='predict')
            ]
            for count in (1, 2)
        )
    assert_same(once, twice)
    assert [x.shape for x in once] == [(3,), (3,)]


# weights -----------------------------------------------------------------


@EACH
@pytest.mark.parametrize('share', [True, False])
def test_a_recognizers_checkpoint_fills_every_tensor(row, share, tmp_path):
    """As MMAction2 publishes it: ``state_dict``, ``backbone.…``."""
    source = build(branch_of(row), seed=1, std=0.02)
    state = {f'backbone.{name}': x for name, x in source.state_dict().items()}
    state['cls_head.fc_cls.weight'] = torch.zeros(400, 4)
    path = str(tmp_path / 'upstream.pth')
    torch.save(dict(meta={}, state_dict=state), path)
    branches = (
        dict(branch=branch_of(row), modalities=NAMES)
        if share
        else (dict(branches={name: branch_of(row) for name in NAMES}))
    )
    model = MultiBranchBackbone(
        **branches, init_cfg=dict(type='Pretrained', checkpoint=path)
    )
    model.init_weights()
    for branch in model.branches.values():
        for name, x in branch.state_dict().items():
            assert torch.equal(x, source.state_dict()[name]), name


@pytest.mark.parametrize('row', IMAGES)
def test_an_image_resnet_of_torchvision(row):
    """All tensors but those of the video part."""
    target = MODELS.build(branch_of(row))
    options = {
        key: x
        for key, x in branch_of(row).items()
        if key not in ('type', 'num_segments', 'pretrained2d')
    }
    plain = MODELS.build(dict(type='ResNet', **options))
    for x in plain.state_dict().values():
        x.add_(1)
    weights = {}
    for name, x in plain.state_dict().items():
        name = name.replace('downsample.conv', 'downsample.0').replace(
            'downsample.bn', 'downsample.1'
        )
        for i in '123':
            name = name.replace(f'conv{i}.conv.', f'conv{i}.').replace(
                f'conv{i}.bn.', f'bn{i}.'
            )
        weights[name] = x
    missing, unused = fill_backbone(target, weights)
    assert all('.tam.' in name for name in missing) and not unused
    assert bool(missing) == (row == 'tanet')
    assert torch.equal(target.conv1.bn.running_var, weights['bn1.running_var'])


def test_relative_positions_of_another_size():
    """The published MViT-L is for 40 frames of 312×312."""
    source = MODELS.build(dict(branch_of('mvit'), temporal_size=16, spatial_size=64))
    target = MODELS.build(branch_of('mvit'))
    key = 'blocks.0.attn.rel_pos_t'
    ramp = torch.arange(len(source.state_dict()[key])).float()
    source.state_dict()[key].copy_(ramp[:, None])
    missing, unused = fill_backbone(target, source.state_dict())
    assert not missing and not unused
    found = target.state_dict()[key][:, 0]
    assert len(found) < len(ramp) and (found.diff() > 1).all()
    assert found.mean().item() == pytest.approx(ramp.mean().item())


def test_a_checkpoint_of_something_else(tmp_path):
    path = str(tmp_path / 'other.pth')
    torch.save(dict(state_dict={'backbone.x': torch.zeros(1)}), path)
    model = MultiBranchBackbone(
        branch=branch_of('csn'),
        modalities=NAMES,
        init_cfg=dict(type='Pretrained', checkpoint=path),
    )
    with pytest.raises(InputError, match='no layer that fits.*ResNet3dCSN'):
        model.init_weights()


# mistakes ----------------------------------------------------------------


@pytest.mark.parametrize(
    'config,message',
    [
        (dict(), 'either branch'),
        (
            dict(branch=BRANCHES['csn'], branches=dict(a=BRANCHES['csn'])),
            'either branch',
        ),
        (dict(branch=BRANCHES['csn']), 'modalities with branch'),
        (
            dict(branches=dict(a=BRANCHES['csn']), modalities=('a',)),
            'modalities with branch',
        ),
    ],
)
def test_wrong_configs(config, message):
    with pytest.raises(InputError, match=message):
        MODELS.build(dict(type='MultiBranchBackbone', **config))


def test_an_unknown_modality():
    inputs = inputs_for('csn')
    inputs['depth'] = inputs.pop('thermal')
    with pytest.raises(InputError, match="'depth'.*'thermal'"):
        shared('csn')(inputs)


def test_ranks_that_differ():
    model = backbone(
        branches=dict(zip(NAMES, (branch_of('csn'), branch_of('timesformer'))))
    )
    feats = model(inputs_for('csn'))
    for neck in (
        FeatureSum(),
        FeatureMean(),
        FeatureConcat(dict(visible=64, thermal=16), 4),
    ):
        with pytest.raises(InputError, match='do not fit together'):
            neck(feats)


def test_wrong_widths_of_the_concatenation():
    with pytest.raises(InputError, match='as many numbers'):
        FeatureConcat(dict(a=(1, 2), b=3), (1, 2))
    with pytest.raises(InputError, match='both, or neither'):
        FeatureConcat(dict(a=1, b=3))
    feats = shared('csn')(inputs_for('csn'))
    with pytest.raises(InputError, match='in_channels'):
        FeatureConcat(dict.fromkeys(NAMES, 63), 4)(feats)
