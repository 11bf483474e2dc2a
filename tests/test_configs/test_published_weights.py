"""MMAction2's checkpoints fit the full-size branches of our configs."""

from pathlib import Path

import mmaction
import pytest
import torch
from mmaction.registry import MODELS
from mmengine.config import Config

from mmbimodal.models.weights import fill_backbone, read_state_dict

CONFIGS = Path(__file__).resolve().parents[2] / 'configs'
UPSTREAM = Path(mmaction.__file__).parent / '.mim/configs/recognition'
# Our config, upstream's config of the published weights. TimeSformer, whose
# names differ, is in tests/test_models/test_pretrained.py.
PUBLISHED = dict(
    tsm='tsm/tsm_imagenet-pretrained-r50_8xb16-1x1x8-50e_kinetics400-rgb.py',
    slowfast='slowfast/slowfast_r101_8xb8-8x8x1-256e_kinetics400-rgb.py',
    csn='csn/ipcsn_ig65m-pretrained-r152-bnfrozen_32x2x1-58e_kinetics400-rgb.py',
    videoswin='swin/swin-large-p244-w877_in22k-pre_8xb8-amp-32x2x1-30e_'
    'kinetics400-rgb.py',
    mvit='mvit/mvit-large-p244_40x3x1_kinetics400-rgb.py',
)


def branch_of(row):
    config = Config.fromfile(str(CONFIGS / f'baselines/{row}_infar.py'))
    backbone = config.model.backbone
    return MODELS.build(backbone.get('branch') or backbone.branches.rgb)


@pytest.mark.parametrize('row', PUBLISHED)
def test_every_tensor_is_filled(row):
    source = MODELS.build(Config.fromfile(UPSTREAM / PUBLISHED[row]).model.backbone)
    with torch.no_grad():
        for parameter in source.parameters():
            parameter.fill_(0.5)
    state = {f'backbone.{name}': x for name, x in source.state_dict().items()}
    branch = branch_of(row)
    missing, unused = fill_backbone(
        branch, read_state_dict(dict(meta={}, state_dict=state))
    )
    assert missing == [] and unused == []
    assert all((x == 0.5).all() for x in branch.parameters())


def test_tanet_is_filled_but_for_its_temporal_part():
    """From an image ResNet-101 in torchvision's names."""
    plain = MODELS.build(dict(type='ResNet', depth=101))
    state = {}
    for name, x in plain.state_dict().items():
        name = name.replace('downsample.conv', 'downsample.0').replace(
            'downsample.bn', 'downsample.1'
        )
        for i in '123':
            name = name.replace(f'conv{i}.conv.', f'conv{i}.').replace(
                f'conv{i}.bn.', f'bn{i}.'
            )
        state[name] = x
    state.update({'fc.weight': torch.zeros(1000, 2048), 'fc.bias': torch.zeros(1000)})
    missing, unused = fill_backbone(branch_of('tanet'), state)
    assert missing and all('.tam.' in name for name in missing)
    assert unused == ['fc.bias', 'fc.weight']
