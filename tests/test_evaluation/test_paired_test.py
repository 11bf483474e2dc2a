"""Paired tests against values that can be worked out by hand."""

import numpy as np
import pytest
from scipy import stats

from mmbimodal.evaluation import mean_interval, paired_test


def test_one_seed_is_the_exact_test_of_mcnemar():
    """Six pairs gained and one lost: p = 2 (C(7,0) + C(7,1)) / 2^7."""
    first = np.array([[1, 1, 1, 0, 0, 0, 0, 0, 0, 0]], dtype=bool)
    second = np.array([[1, 1, 0, 1, 1, 1, 1, 1, 1, 0]], dtype=bool)
    found = paired_test(first, second)
    assert found.difference == pytest.approx(0.5)
    assert found.p_value == pytest.approx(2 * (1 + 7) / 2**7)
    # One seed says nothing about other seeds.
    assert found.interval is None


def test_equal_models():
    same = np.array([[1, 0, 1], [1, 1, 0]], dtype=bool)
    for seeds in (same, same[:1]):
        found = paired_test(seeds, seeds)
        assert (found.difference, found.p_value) == (0, 1)


def test_a_sample_counts_once_whatever_the_number_of_seeds():
    """Copies of one seed are no more evidence than that seed."""
    rng = np.random.default_rng(0)
    first, second = rng.random((2, 1, 300)) < np.array([0.5, 0.55])[:, None, None]
    one = paired_test(first, second)
    ten = paired_test(first.repeat(10, axis=0), second.repeat(10, axis=0))
    assert ten.difference == pytest.approx(one.difference)
    assert ten.p_value == pytest.approx(one.p_value, rel=0.2)
    pooled = stats.binomtest(
        int((second > first).sum() * 10), int((second != first).sum() * 10)
    )
    assert pooled.pvalue < 0.1 * one.p_value


def test_the_interval_is_wider_where_seeds_differ():
    rng = np.random.default_rng(1)
    even = rng.random((5, 400)) < 0.6
    uneven = rng.random((5, 400)) < np.linspace(0.4, 0.8, 5)[:, None]
    low, high = mean_interval(even)
    assert low < even.mean() < high
    # 1.96 standard errors of 400 samples, with some more for the seeds
    assert 0.02 < (high - low) / 2 < 0.07
    wide = np.subtract(*mean_interval(uneven)[::-1])
    assert wide > 2 * (high - low)


@pytest.mark.parametrize('shape', [(1, 10), (3, 1), (3, 0)])
def test_no_interval(shape):
    assert mean_interval(np.ones(shape)) is None
