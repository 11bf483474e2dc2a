"""Single-stream configs of the installed MMAction2 as two-branch ones."""

import subprocess
import sys
from pathlib import Path

import mmaction
import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner

from mmbimodal.errors import InputError

ROOT = Path(__file__).resolve().parents[2]
UPSTREAM = Path(mmaction.__file__).parent / '.mim/configs/recognition'
K400 = 'kinetics400-rgb.py'
RESNET = dict(
    num_stages=2, strides=(2, 2), dilations=(1, 1), out_indices=(1,), pretrained=None
)
RESNET3D = dict(
    num_stages=2,
    spatial_strides=(2, 2),
    temporal_strides=(1, 1),
    dilations=(1, 1),
    inflate=(1, 1),
    out_indices=(1,),
    base_channels=8,
    pretrained=None,
)
# One config of each family; what makes it small: backbone, channels, head.
FAMILIES = dict(
    tsn=('tsn/tsn_imagenet-pretrained-r50_8xb32-1x1x3-100e_' + K400, RESNET, 512, {}),
    tsm=(
        'tsm/tsm_imagenet-pretrained-r50_8xb16-1x1x8-50e_' + K400,
        dict(depth=18, pretrained=None, pretrained2d=False, strides=(2, 2, 2, 2)),
        512,
        {},
    ),
    trn=(
        'trn/trn_imagenet-pretrained-r50_8xb16-1x1x8-50e_sthv1-rgb.py',
        RESNET,
        512,
        {},
    ),
    tanet=(
        'tanet/tanet_imagenet-pretrained-r50_8xb8-1x1x8-50e_sthv1-rgb.py',
        RESNET,
        512,
        {},
    ),
    c2d=('c2d/c2d_r50-in1k-pre-nopool_8xb32-8x8x1-100e_' + K400, RESNET, 512, {}),
    i3d=('i3d/i3d_imagenet-pretrained-r50_8xb8-32x2x1-100e_' + K400, RESNET3D, 64, {}),
    r2plus1d=(
        'r2plus1d/r2plus1d_r34_8xb8-8x8x1-180e_' + K400,
        dict(RESNET3D, norm_cfg=dict(type='BN3d'), depth=18),
        16,
        {},
    ),
    slowonly=(
        'slowonly/slowonly_r50_8xb16-8x8x1-256e_' + K400,
        dict(base_channels=8),
        256,
        {},
    ),
    slowfast=(
        'slowfast/slowfast_r50_8xb8-8x8x1-256e_' + K400,
        dict(slow_pathway=dict(base_channels=16), fast_pathway=dict(base_channels=2)),
        576,
        {},
    ),
    csn=(
        'csn/ircsn_ig65m-pretrained-r50-bnfrozen_8xb12-32x2x1-58e_' + K400,
        RESNET3D,
        64,
        {},
    ),
    swin=(
        'swin/swin-tiny-p244-w877_in1k-pre_8xb8-amp-32x2x1-30e_' + K400,
        dict(
            pretrained=None,
            pretrained2d=False,
            window_size=(2, 4, 4),
            arch=dict(embed_dims=16, depths=[2, 2], num_heads=[1, 2]),
            out_indices=(1,),
        ),
        32,
        {},
    ),
    mvit=(
        'mvit/mvit-small-p244_32xb16-16x4x1-200e_' + K400,
        dict(
            temporal_size=8,
            spatial_size=64,
            arch=dict(embed_dims=16, num_layers=2, num_heads=1, downscale_indices=[1]),
        ),
        32,
        {},
    ),
    timesformer=(
        'timesformer/timesformer_divST_8xb8-8x32x1-15e_' + K400,
        dict(
            pretrained=None,
            img_size=64,
            embed_dims=32,
            num_heads=2,
            num_transformer_layers=1,
        ),
        32,
        {},
    ),
)


@pytest.fixture
def tool(load_tool):
    return load_tool('convert/to_bimodal.py')


def upstream(family):
    return Config.fromfile(UPSTREAM / FAMILIES[family][0])


def update(config, changes):
    for key, value in changes.items():
        if isinstance(value, dict) and key.endswith('pathway'):
            update(config[key], value)
        else:
            config[key] = value


def steps_of(pipeline):
    for step in pipeline:
        yield from step.get('transforms', [step])


def shrink(config, family, pairs, work_dir):
    """Small model, 8 frames of 64×64, the generated pairs."""
    _, backbone, channels, _ = FAMILIES[family]
    update(config.model.backbone.branch, backbone)
    config.model.cls_head.update(num_classes=12, in_channels=channels)
    dataset = config.train_dataloader.dataset
    for step in dataset.pipeline:
        if step['type'] == 'SyncResize':
            step['short_side'] = 72
    for step in steps_of(dataset.pipeline):
        for key in ('size', 'crop_size', 'input_size'):
            if key in step:
                step[key] = 64
        if step['type'] == 'Resize':
            step['scale'] = (64, 64)
        if step.get('clip_len', 1) > 8:
            step.update(clip_len=8)
        if 'frame_interval' in step:
            step.update(frame_interval=1)
    dataset.update(data_root=str(pairs), ann_file='annotations/xview_train.json')
    config.train_dataloader.update(
        batch_size=2, num_workers=0, persistent_workers=False
    )
    config.train_cfg = dict(type='IterBasedTrainLoop', max_iters=2)
    config.param_scheduler = None
    # mixed precision is for GPUs
    config.optim_wrapper.type = 'OptimWrapper'
    config.default_hooks = dict(logger=dict(type='LoggerHook', interval=1))
    for key in (
        'val_dataloader',
        'val_cfg',
        'val_evaluator',
        'test_dataloader',
        'test_cfg',
        'test_evaluator',
    ):
        config.pop(key, None)
    config.work_dir = str(work_dir)
    config.launcher = 'none'
    config.experiment_name = f'{family}_{work_dir.name}'
    return config


@pytest.mark.parametrize('family', FAMILIES)
def test_it_trains_for_two_iterations(tool, family, pairs, tmp_path):
    """Written, read again, shrunken, run."""
    converted, _ = tool.convert(upstream(family), ['rgb', 'ir'])
    path = str(tmp_path / 'two_branch.py')
    converted.dump(path)
    config = shrink(Config.fromfile(path), family, pairs, tmp_path)
    torch.manual_seed(0)
    runner = Runner.from_cfg(config)
    before = {name: x.detach().clone() for name, x in runner.model.named_parameters()}
    runner.train()
    assert runner.iter == 2
    after = dict(runner.model.named_parameters())
    assert all(x.isfinite().all() for x in after.values())
    changed = [name for name, x in after.items() if not torch.equal(x, before[name])]
    assert any(name.startswith('backbone.') for name in changed)
    assert any(name.startswith('cls_head.') for name in changed)


def test_what_stays_and_what_changes(tool):
    source = upstream('tsn')
    text = source.dump()
    config, notes = tool.convert(source, ['rgb', 'depth'])
    assert source.dump() == text and notes == []
    model = config.model
    assert model.cls_head == source.model.cls_head
    assert model.backbone.branch == source.model.backbone
    assert tuple(model.backbone.modalities) == ('rgb', 'depth')
    for name in ('rgb', 'depth'):
        assert model.data_preprocessor.preprocessors[name] == (
            source.model.data_preprocessor
        )
    assert [step['type'] for step in config.train_dataloader.dataset.pipeline] == [
        'ForEachModality',
        'SyncSample',
        'ForEachModality',
        'SyncResize',
        'ForEachModality',
        'ForEachModality',
        'ForEachModality',
        'ForEachModality',
        'PackModalityInputs',
    ]
    assert config.test_dataloader.dataset.test_mode
    assert not config.train_dataloader.dataset.test_mode
    assert config.optim_wrapper == source.optim_wrapper


def test_crops_and_flips_are_shared(tool):
    config, _ = tool.convert(upstream('tsn'), ['rgb', 'ir'])
    for block in config.train_dataloader.dataset.pipeline:
        kinds = {step['type'] for step in block.get('transforms', ())}
        if kinds & {'MultiScaleCrop', 'Flip'}:
            assert block['shared']


def test_what_is_left_out_is_said(tool):
    _, notes = tool.convert(upstream('mvit'), ['rgb', 'ir'])
    text = '\n'.join(notes)
    for word in ('PytorchVideoWrapper', 'blending', 'repeated augmentation'):
        assert word in text


def test_a_checkpoint_to_start_from_fills_the_branch(tool):
    source = upstream('tsn')
    source.load_from = 'tsn.pth'
    config, _ = tool.convert(source, ['rgb', 'ir'])
    assert config.load_from is None
    assert config.model.backbone.init_cfg.checkpoint == 'tsn.pth'


@pytest.mark.parametrize(
    'path,message',
    [
        ('tpn/tpn-slowonly_r50_8xb8-8x8x1-150e_' + K400, 'neck TPN'),
        ('omnisource/slowonly_r50_8xb16-8x8x1-256e_imagenet-' + K400, 'RecognizerOmni'),
    ],
)
def test_what_cannot_be_converted(tool, path, message):
    with pytest.raises(InputError, match=message):
        tool.convert(Config.fromfile(UPSTREAM / path), ['rgb', 'ir'])


def test_the_command(tmp_path):
    out = tmp_path / 'tsn.py'
    output = subprocess.run(
        [
            sys.executable,
            str(ROOT / 'tools/convert/to_bimodal.py'),
            str(UPSTREAM / FAMILIES['tsn'][0]),
            '--modalities',
            'rgb',
            'ir',
            '--out',
            str(out),
        ],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert output.returncode == 0, output.stderr
    assert 'data_root' in output.stdout
    assert Config.fromfile(out).model.type == 'MultiModalRecognizer'
