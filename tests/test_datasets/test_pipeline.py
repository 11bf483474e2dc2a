import copy

import pytest

from mmbimodal.datasets import change_steps, copy_modality, keep_modalities
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


def test_one_modality_of_a_pipeline_is_kept():
    pipeline = [
        dict(
            type='ForEachModality',
            transforms=dict(near=[dict(type='Flip')], far=[dict(type='Resize')]),
        ),
        dict(type='SyncSample', transforms=[dict(type='UniformSample')]),
    ]
    before = copy.deepcopy(pipeline)
    kept = keep_modalities(pipeline, 'far')
    assert kept == [
        dict(before[0], transforms=dict(far=[dict(type='Resize')])),
        before[1],
    ]
    kept[0]['transforms']['far'][0]['type'] = 'Other'
    assert pipeline == before
    assert keep_modalities(pipeline, 'near', 'far') == pipeline
    with pytest.raises(
        InputError, match='no transforms for middle, only for near, far'
    ):
        keep_modalities(pipeline, 'near', 'middle')


def test_a_modality_is_treated_as_another_one():
    pipeline = [
        dict(type='ForEachModality', transforms=dict(near=[dict(type='Flip')])),
        dict(type='SyncSample', transforms=[dict(type='UniformSample')]),
    ]
    before = copy.deepcopy(pipeline)
    copied = copy_modality(pipeline, 'near', 'far')
    flip = [dict(type='Flip')]
    assert copied[0]['transforms'] == dict(near=flip, far=flip)
    assert copied[1] == pipeline[1]
    copied[0]['transforms']['far'][0]['type'] = 'Other'
    assert copied[0]['transforms']['near'] == flip
    assert pipeline == before
    with pytest.raises(InputError, match='no transforms for middle, only for near'):
        copy_modality(pipeline, 'middle', 'far')
