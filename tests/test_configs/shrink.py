"""Configs made small: the same parts on small frames, with inputs for them."""

import copy
import json
import re
import tempfile
from pathlib import Path

import numpy as np
from mmengine.dataset import Compose

from mmbimodal.datasets.skeleton import find_layout

CONFIGS = Path(__file__).resolve().parents[2] / 'configs'
FILES = sorted(
    path
    for path in CONFIGS.rglob('*.py')
    if '_base_' not in path.relative_to(CONFIGS).parts
)
SIDE, FRAMES = 64, 8

# What makes a backbone small without changing its kind, and the channels
# that its head then gets.
_ARCH = dict(embed_dims=16)
SHRUNKEN = dict(
    BimodalTimeSformer=(
        dict(img_size=SIDE, embed_dims=16, num_heads=2, num_layers=2),
        16,
    ),
    ResNetTSM=(dict(depth=18, strides=(2, 2, 2, 2)), 512),
    TANet=(
        dict(
            depth=50, num_stages=2, strides=(2, 2), dilations=(1, 1), out_indices=(1,)
        ),
        512,
    ),
    ResNet3dSlowFast=(
        dict(
            slow_pathway=dict(depth=50, base_channels=8),
            fast_pathway=dict(depth=50, base_channels=1),
        ),
        288,
    ),
    ResNet3dCSN=(dict(depth=50, base_channels=4), 128),
    SwinTransformer3D=(
        dict(arch=dict(_ARCH, depths=[2, 2], num_heads=[1, 2]), out_indices=(1,)),
        32,
    ),
    MViT=(
        dict(
            arch=dict(_ARCH, num_layers=2, num_heads=1, downscale_indices=[1]),
            spatial_size=SIDE,
        ),
        32,
    ),
    VideoFocalNet=(dict(arch=dict(_ARCH, depths=(1, 1), drop_path_rate=0.0)), 32),
    ResNet3d=(dict(base_channels=4), 32),
    SkeletonBranch=(
        dict(backbone=dict(base_channels=16, inflate_stages=[4], down_stages=[4])),
        32,
    ),
    Hiera=(
        dict(
            arch=dict(_ARCH, num_heads=1, depths=(1, 1, 1)),
            q_pool=2,
            num_frames=FRAMES,
            img_size=SIDE,
        ),
        64,
    ),
)
# All randomness that would silence a parameter for one step.
QUIET = dict(drop_path_rate=0.0, dropout_ratio=0.0)


def update(config, changes):
    """Set nested keys; a shape of its own replaces the one that was there."""
    for key, value in changes.items():
        if isinstance(value, dict) and key != 'arch':
            update(config[key], value)
        else:
            config[key] = copy.deepcopy(value)


def shrink(config):
    """A small model of the same parts on ``SIDE``², ``FRAMES`` frames."""
    model = config.model
    backbone = model.backbone
    by_name = dict(all=backbone)
    if backbone.type == 'MultiBranchBackbone':
        by_name = dict(backbone.get('branches') or dict(all=backbone.branch))
    branches = list(by_name.values())
    for part in (backbone, *branches):
        if 'init_cfg' in part:
            part.init_cfg = None
    widths = {}
    for name, branch in by_name.items():
        changes, channels = SHRUNKEN[branch.type]
        widths[name] = channels
        update(branch, changes)
        if branch.type == 'SwinTransformer3D':
            branch.window_size = (2, 4, 4)
    neck = model.get('neck') or {}
    for part in (*branches, neck, model.cls_head):
        for key in set(QUIET) & set(part):
            part[key] = QUIET[key]
    several = isinstance(model.cls_head.in_channels, dict)
    model.cls_head.in_channels = widths if several else channels
    if neck.get('type') in ('KeyframeSelector', 'OracleSelector'):
        # few draws, wide enough to give every parameter a gradient
        neck.update(in_channels=channels, num_samples=50, sigma=0.5)
        model.cls_head.num_heads = 2
    return model


def shrunken_pipeline(config, split, truth_file):
    """The config's own pipeline, from decoded frames on."""

    def reads(step):
        return re.search('Open.*Video|DecodeVideo|LoadSkeleton|DecodeSk', str(step))

    def adapt(step):
        inner = step.get('transforms', ())
        if isinstance(inner, dict):
            for name, part in inner.items():
                inner[name] = [transform for transform in part if not reads(transform)]
        for part in inner.values() if isinstance(inner, dict) else [inner]:
            for transform in part:
                adapt(transform)
        for key in ('size', 'crop_size'):
            if key in step:
                step[key] = SIDE
        if 'clip_len' in step:
            step['clip_len'] = FRAMES
        if step['type'] == 'SyncResize':
            step['short_side'] = SIDE + 8
        if step['type'] == 'LoadVisibility':
            step['truth_file'] = truth_file
        return step

    steps = [
        adapt(copy.deepcopy(step))
        for step in config[f'{split}_dataloader'].dataset.pipeline
    ]
    return Compose([step for step in steps if not reads(step)])


def write_truth(path, size):
    """Every second frame of each sample shows the actor."""
    part = dict(visible=[True, False] * (FRAMES // 2))
    samples = {str(index): dict(rgb=part, ir=part) for index in range(size)}
    path.write_text(json.dumps(dict(samples=samples)))
    return str(path)


def batch(config, split, size):
    """What the pipeline makes of ``size`` samples of noise."""
    rng = np.random.default_rng(0)
    dataset = config[f'{split}_dataloader'].dataset
    with tempfile.TemporaryDirectory() as folder:
        truth_file = write_truth(Path(folder) / 'truth.json', size)
        pipeline = shrunken_pipeline(config, split, truth_file)
    layout = re.search("'layout': '([^']+)'", str(dataset.pipeline))
    joints = len(find_layout(layout[1]).joints) if layout else 0
    inputs, samples = [], []
    for index in range(size):
        frames = [rng.integers(0, 256, (72, 96, 3), np.uint8) for _ in range(FRAMES)]
        packed = pipeline(
            dict(
                sample_id=str(index),
                sample_idx=index,
                label=index,
                modalities={
                    name: dict(
                        _content(name, frames, rng, joints),
                        total_frames=FRAMES,
                        start_index=0,
                        filename='noise',
                        num_clips=1,
                        frame_inds=np.arange(FRAMES),
                        clip_len=FRAMES,
                    )
                    for name in dataset.modalities
                },
            )
        )
        inputs.append(packed['inputs'])
        samples.append(packed['data_samples'])
    return dict(
        inputs={name: [x[name] for x in inputs] for name in inputs[0]},
        data_samples=samples,
    )


def _content(name, frames, rng, joints):
    """Joints of two persons 5 m away, or frames, H×W×3."""
    if name == 'skeleton':
        size = (2, FRAMES, joints, 3)
        keypoint = rng.normal((0, 0, 5), 1, size).astype(np.float32)
        return dict(keypoint=keypoint, modality='Pose')
    shape = frames[0].shape[:2]
    return dict(
        imgs=list(frames), img_shape=shape, original_shape=shape, modality='RGB'
    )
