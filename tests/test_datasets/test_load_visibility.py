"""The truth of the frames that were sampled."""

import json

import numpy as np
import pytest
from mmaction.registry import TRANSFORMS

from mmbimodal.errors import InputError

VISIBLE = dict(near=[True, True, False, False, True], far=[False] * 5)


@pytest.fixture
def truth_file(tmp_path):
    path = tmp_path / 'truth.json'
    parts = {name: dict(visible=flags, box=[]) for name, flags in VISIBLE.items()}
    samples = dict(a=dict(parts, action='hug', distractor=None))
    path.write_text(json.dumps(dict(meta={}, samples=samples)))
    return str(path)


def sample(sample_id='a', frame_inds=(4, 2, 0), absent=()):
    return dict(
        sample_id=sample_id,
        modalities={
            name: None
            if name in absent
            else dict(
                frame_inds=np.array(frame_inds),
                imgs=[np.full((2, 3, 3), 7, np.uint8) for _ in frame_inds],
            )
            for name in VISIBLE
        },
    )


def load(truth_file, results, **options):
    return TRANSFORMS.build(
        dict(type='LoadVisibility', truth_file=truth_file, **options)
    )(results)


def test_it_follows_the_sampled_frames(truth_file):
    given = sample()
    marked = load(truth_file, given)['modalities']
    assert marked['near']['visible'].tolist() == [True, False, True]
    assert marked['far']['visible'].tolist() == [False] * 3
    assert all(img.all() for inner in marked.values() for img in inner['imgs'])
    assert 'visible' not in given['modalities']['near']


def test_hidden_frames_become_black_and_the_input_stays(truth_file):
    given = sample()
    blanked = load(truth_file, given, blank_hidden=True)['modalities']
    assert [img.any() for img in blanked['near']['imgs']] == [True, False, True]
    assert not any(img.any() for img in blanked['far']['imgs'])
    assert all(
        img.all() for inner in given['modalities'].values() for img in inner['imgs']
    )


def test_an_absent_modality_stays_absent(truth_file):
    assert load(truth_file, sample(absent=('far',)))['modalities']['far'] is None


@pytest.mark.parametrize(
    'results', [sample('b'), sample(frame_inds=(5,))], ids=['sample', 'frame']
)
def test_the_truth_of_other_pairs(truth_file, results):
    with pytest.raises(InputError, match='does not fit the near of sample'):
        load(truth_file, results)


@pytest.mark.parametrize(
    'content',
    ['', '[]', '{}', '{"samples": {"a": 1}}', '{"samples": {"a": {"x": {}}}}'],
)
def test_a_file_that_is_no_truth(content, tmp_path):
    path = tmp_path / 'other.json'
    path.write_text(content)
    with pytest.raises(InputError, match=r'other\.json is not a truth\.json'):
        load(str(path), sample())


def test_a_truth_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match=r'generate\.py'):
        load(str(tmp_path / 'truth.json'), sample())
