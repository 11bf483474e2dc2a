import copy
import math

import numpy as np
import pytest
from mmaction.registry import DATASETS, TRANSFORMS
from mmengine.dataset import Compose

from mmbimodal.datasets import build_sample
from mmbimodal.errors import InputError

NAMES = ('visible', 'thermal', 'depth')


def sample_of(*present):
    return build_sample('s', dict.fromkeys(present, 'x.avi'), NAMES, 3)


def kept(prob, sample, times):
    """How often each set of modalities is left."""
    transform = TRANSFORMS.build(dict(type='ModalityDropout', prob=prob))
    np.random.seed(0)
    counts = {}
    for _ in range(times):
        modalities = transform(sample)['modalities']
        left = tuple(name for name, x in modalities.items() if x is not None)
        counts[left] = counts.get(left, 0) + 1
    return counts


def test_one_of_three_is_left_with_probability_one():
    counts = kept(1.0, sample_of(*NAMES), 3000)
    assert set(counts) == {(name,) for name in NAMES}
    # binomial, n = 3000, p = 1/3: deviation 25.8
    assert all(abs(x - 1000) < 5 * 25.8 for x in counts.values())


def test_nothing_is_dropped_with_probability_zero():
    assert kept(0, sample_of(*NAMES), 50) == {NAMES: 50}


def test_modalities_are_drawn_independently():
    p, times = 0.3, 4000
    counts = kept(p, sample_of('visible', 'thermal'), times)
    expected = {
        ('visible', 'thermal'): (1 - p) ** 2,
        # dropped alone, or both drawn and this one kept
        ('visible',): p * (1 - p) + p * p / 2,
        ('thermal',): p * (1 - p) + p * p / 2,
    }
    assert set(counts) == set(expected)
    for left, share in expected.items():
        deviation = math.sqrt(times * share * (1 - share))
        assert abs(counts[left] - times * share) < 5 * deviation


def test_each_modality_has_its_own_probability():
    counts = kept(dict(thermal=1.0), sample_of(*NAMES), 50)
    assert counts == {('visible', 'depth'): 50}


def test_the_last_one_present_stays():
    for name in NAMES:
        assert kept(1.0, sample_of(name), 20) == {(name,): 20}
    assert kept(dict(thermal=1.0), sample_of('thermal'), 20) == {('thermal',): 20}


def test_the_same_seed_drops_the_same():
    transform = TRANSFORMS.build(dict(type='ModalityDropout', prob=0.5))
    runs = []
    for _ in range(2):
        np.random.seed(7)
        runs.append([transform(sample_of(*NAMES))['modalities'] for _ in range(20)])
    assert runs[0] == runs[1]


def test_input_is_not_modified():
    sample = sample_of(*NAMES)
    before = copy.deepcopy(sample)
    out = TRANSFORMS.build(dict(type='ModalityDropout', prob=1.0))(sample)
    assert sample == before
    assert out['label'] == 3 and out['sample_id'] == 's'
    assert list(out['modalities']) == list(NAMES)


@pytest.mark.parametrize('prob', [-0.1, 1.5, float('nan'), dict(thermal=2)])
def test_no_probability(prob):
    with pytest.raises(InputError, match='ModalityDropout: prob=.*0 to 1'):
        TRANSFORMS.build(dict(type='ModalityDropout', prob=prob))


def test_unknown_modality():
    transform = TRANSFORMS.build(dict(type='ModalityDropout', prob=dict(sound=0.5)))
    with pytest.raises(InputError, match='sound.*visible, thermal, depth'):
        transform(sample_of(*NAMES))


@pytest.mark.parametrize('place', [0, -1])
def test_in_a_pipeline_what_is_dropped_is_packed_as_absent(tiny_config, place):
    """First of all, or right before PackModalityInputs."""
    settings = tiny_config.train_dataloader.dataset
    steps = [dict(x) for x in settings.pipeline]
    steps.insert(
        place if place == 0 else len(steps) - 1, dict(type='ModalityDropout', prob=1.0)
    )
    dataset = DATASETS.build(dict(settings, pipeline=[]))
    np.random.seed(1)
    left = set()
    for _ in range(8):
        packed = Compose(steps)(dataset.get_data_info(0))
        absent = [name for name, x in packed['inputs'].items() if not x.numel()]
        assert len(absent) == 1
        assert list(packed['data_samples'].modalities) == [
            name for name in packed['inputs'] if name not in absent
        ]
        left.add(absent[0])
    assert left == {'rgb', 'ir'}
