from types import SimpleNamespace

import pytest
import torch
from mmaction.registry import HOOKS
from mmaction.structures import ActionDataSample
from torch import nn

from mmbimodal.errors import InputError


def runner_of(model=None):
    return SimpleNamespace(epoch=1, work_dir='work_dirs/x', model=model)


@pytest.mark.parametrize('value', [float('nan'), float('inf')])
def test_invalid_loss_names_the_batch(value):
    hook = HOOKS.build(dict(type='InvalidLossHook'))
    batch = dict(
        data_samples=[ActionDataSample(metainfo=dict(sample_id=name)) for name in 'ab']
    )
    with pytest.raises(InputError, match='epoch 2, iteration 4, on the samples a, b'):
        hook.after_train_iter(runner_of(), 3, batch, dict(loss=torch.tensor(value)))
    hook.after_train_iter(runner_of(), 3, batch, dict(loss=torch.tensor(1.0)))


def test_the_loss_is_looked_at_before_a_checkpoint_is_written():
    from mmengine.hooks.hook import Hook
    from mmengine.runner import get_priority

    hook = HOOKS.build(dict(type='InvalidLossHook'))
    assert get_priority(hook.priority) < get_priority('VERY_LOW')
    assert isinstance(hook, Hook)


@pytest.mark.parametrize('wrap', [lambda x: x, lambda x: dict(state_dict=x)])
def test_matching_checkpoint_passes(wrap):
    model = nn.Linear(2, 3)
    hook = HOOKS.build(dict(type='CheckpointMatchHook'))
    hook.after_load_checkpoint(runner_of(model), wrap(model.state_dict()))
    hook.after_load_checkpoint(
        runner_of(model),
        wrap({f'module.{k}': v for k, v in model.state_dict().items()}),
    )


@pytest.mark.parametrize(
    'other', [nn.Linear(2, 4), nn.Conv1d(2, 3, 1), nn.Linear(2, 3, bias=False)]
)
def test_checkpoint_of_another_architecture_is_refused(other):
    hook = HOOKS.build(dict(type='CheckpointMatchHook'))
    with pytest.raises(InputError, match='does not fit this model'):
        hook.after_load_checkpoint(
            runner_of(nn.Linear(2, 3)), dict(state_dict=other.state_dict())
        )


def test_what_may_differ_is_named_in_the_config():
    hook = HOOKS.build(dict(type='CheckpointMatchHook', may_differ=['1.']))
    old = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 60))
    new = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 12))
    hook.after_load_checkpoint(runner_of(new), dict(state_dict=old.state_dict()))


def test_a_buffer_that_grows_takes_its_size_from_the_file():
    hook = HOOKS.build(dict(type='CheckpointMatchHook'))
    model = nn.Module()
    model.register_buffer('seen', torch.zeros(0, 2))
    hook.after_load_checkpoint(runner_of(model), dict(seen=torch.ones(5, 2)))
    model.seen = torch.zeros(3, 2)
    with pytest.raises(InputError, match='does not fit this model'):
        hook.after_load_checkpoint(runner_of(model), dict(seen=torch.ones(5, 2)))
