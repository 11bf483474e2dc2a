"""Stages of the TimeSformer that do not learn, and untrained projections."""

import pytest
import torch
from factory import build, make_batch, model_config, total
from mmaction.registry import MODELS

from mmbimodal.errors import InputError

LAYERS = 3
EMBEDDINGS = ('cls_token', 'pos_embed', 'time_embed', 'patch_embed')


def is_frozen(name, stages):
    """By the name of a parameter of an encoder."""
    if name.startswith('blocks.'):
        return int(name.split('.')[1]) < stages
    return name.startswith(EMBEDDINGS) and stages >= 0


@pytest.mark.parametrize('share_weights', [True, False])
@pytest.mark.parametrize('stages', [-1, 0, 2, LAYERS])
def test_the_first_stages_do_not_learn(stages, share_weights):
    model = build(
        model_config(
            num_layers=LAYERS, frozen_stages=stages, share_weights=share_weights
        )
    ).train()
    optimizer = torch.optim.SGD(
        [x for x in model.parameters() if x.requires_grad], lr=0.1, weight_decay=0.1
    )
    before = {name: x.clone() for name, x in model.named_parameters()}
    total(model(*make_batch(2), mode='loss')).backward()
    optimizer.step()
    for encoder in model.backbone.encoders:
        prefix = f'backbone.encoders.{encoder}.'
        for name, parameter in model.named_parameters():
            if name.startswith(prefix):
                frozen = is_frozen(name.removeprefix(prefix), stages)
                assert parameter.requires_grad != frozen, name
                assert torch.equal(parameter, before[name]) == frozen, name


def test_frozen_layers_drop_no_paths_in_training():
    model = build(
        model_config(num_layers=LAYERS, frozen_stages=2, drop_path_rate=0.9)['backbone']
    )
    assert model.train() is model
    training = [x.training for x in model.encoders.shared.blocks]
    assert training == [False, False, True] and model.encoders.shared.norm.training
    assert not any(x.training for x in model.eval().encoders.shared.blocks)


def test_an_unknown_stage_is_an_error():
    with pytest.raises(InputError, match='frozen_stages=4.*up to 3'):
        build(model_config(num_layers=LAYERS, frozen_stages=LAYERS + 1))


@pytest.mark.parametrize('zero', [True, False])
def test_projections_after_the_temporal_attention(zero):
    """The authors set all but the first layer's to zero (vit.py, __init__)."""
    model = MODELS.build(
        model_config(num_layers=LAYERS, zero_temporal_fc=zero)['backbone']
    )
    model.init_weights()
    weights = [x.temporal_fc.weight for x in model.encoders.shared.blocks]
    assert [bool(x.any()) for x in weights] == [True, not zero, not zero]
    assert not any(x.temporal_fc.bias.any() for x in model.encoders.shared.blocks)
