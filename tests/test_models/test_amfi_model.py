"""AMFI-Net at the size of the paper, as the config has it."""

from pathlib import Path

import pytest
import torch
from mmaction.registry import MODELS
from mmengine.config import Config
from mmengine.registry import init_default_scope

CONFIG = Path(__file__).parents[2] / 'configs/amfi/amfi_ntu60_xview.py'


@pytest.fixture(scope='module')
def model():
    init_default_scope('mmaction')
    return MODELS.build(Config.fromfile(CONFIG).model).eval()


def size_of(module):
    return sum(x.numel() for x in module.parameters())


def test_the_parameters_are_the_papers(model):
    """43.26 M; the text gives "only 33 M" for the 3-D ResNet-18."""
    assert size_of(model.backbone.branches.rgb) == 33_203_904
    assert size_of(model.backbone.branches.skeleton) == 6_617_386
    assert size_of(model.cls_head) == 3_442_748
    assert size_of(model) == 43_264_038


def test_both_branches_give_512_features(model):
    """16 frames of 112x112 end as 1x4x4, 100 frames of two persons as a vector."""
    inputs = dict(
        rgb=torch.rand(1, 3, 16, 112, 112), skeleton=torch.rand(1, 2, 100, 25, 3)
    )
    with torch.no_grad():
        features = model.backbone(inputs)
        assert features['rgb'].features.shape == (1, 512, 1, 4, 4)
        assert features['skeleton'].features.shape == (1, 512)
        assert model.cls_head(features).shape == (1, 60)


def test_the_skeleton_decides(model):
    """λ = 1.5 and -log G, the skeleton first in eq. 7."""
    head = model.cls_head
    assert head.modalities == ('skeleton', 'rgb') and head.decision == 'skeleton'
    assert head.loss_gate.balance == 1.5 and head.loss_gate.target == 'decision'
    assert head.correlation.positions == 'entry'
