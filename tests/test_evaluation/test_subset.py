"""A part of the test set that counts apart."""

import json

import numpy as np
import pytest

from mmbimodal.errors import InputError
from mmbimodal.evaluation import subset
from mmbimodal.structures import Predictions

# a and c are right, b and d wrong
FOUND = Predictions(
    scores=np.array([[0.9, 0.1], [0.9, 0.1], [0.2, 0.8], [0.2, 0.8]]),
    labels=np.array([0, 1, 1, 0]),
    sample_ids=['a', 'b', 'c', 'd'],
    classes=['sit', 'walk'],
)


def annotation(tmp_path, *ids):
    path = tmp_path / 'part.json'
    path.write_text(json.dumps(dict(data_list=[dict(sample_id=x) for x in ids])))
    return str(path)


def test_samples_are_found_by_name_not_by_place(tmp_path):
    part = subset(FOUND, annotation(tmp_path, 'c', 'd', 'a'))
    assert part.sample_ids == ['a', 'c', 'd']
    assert part.labels.tolist() == [0, 1, 0]
    assert part.right.tolist() == [True, True, False]
    assert part.classes == FOUND.classes


def test_an_annotation_of_other_samples(tmp_path):
    message = r'1 of its 2 samples have no prediction \(x\)'
    with pytest.raises(InputError, match=message):
        subset(FOUND, annotation(tmp_path, 'a', 'x'))
    with pytest.raises(InputError, match='0 of its 0 samples'):
        subset(FOUND, annotation(tmp_path))


@pytest.mark.parametrize('text', ['no json', '[]', '{"data_list": [{}]}'])
def test_what_is_no_annotation(tmp_path, text):
    path = tmp_path / 'part.json'
    path.write_text(text)
    with pytest.raises(InputError, match='part.json is not an annotation'):
        subset(FOUND, str(path))
    with pytest.raises(InputError, match='missing.json is not an annotation'):
        subset(FOUND, str(tmp_path / 'missing.json'))
