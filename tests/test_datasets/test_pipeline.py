import copy

import pytest

from mmbimodal.datasets import change_steps
from mmbimodal.errors import InputError

PIPELINE = [
    dict(type='SyncResize', short_side=320),
    dict(
        type='ForEachModality',
        transforms=[dict(type='CenterCrop', crop_size=224), dict(type='Flip')],
    ),
    dict(
        type='ForEachModality',
        transforms=dict(depth=[dict(type='Flip', flip_ratio=0.1)]),
    ),
]


def test_all_steps_of_a_type_change_wherever_they_are():
    before = copy.deepcopy(PIPELINE)
    changed = change_steps(
        PIPELINE, SyncResize=dict(short_side=72), Flip=dict(flip_ratio=0.5)
    )
    assert changed == [
        dict(type='SyncResize', short_side=72),
        dict(
            type='ForEachModality',
            transforms=[
                dict(type='CenterCrop', crop_size=224),
                dict(type='Flip', flip_ratio=0.5),
            ],
        ),
        dict(
            type='ForEachModality',
            transforms=dict(depth=[dict(type='Flip', flip_ratio=0.5)]),
        ),
    ]
    assert before == PIPELINE


def test_a_type_that_is_not_there_is_named():
    with pytest.raises(InputError, match='no RandomCrop, only SyncResize, .*Center'):
        change_steps(PIPELINE, RandomCrop=dict(size=64))
