"""Is one model better than another on the same test samples?"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy import stats


class PairedTest(NamedTuple):
    """Second model against first, on the same samples.

    Args:
        difference (float): Accuracy of the second minus that of the first, in
            [-1, 1], mean over the seeds.
        interval (tuple[float, float], optional): 95 % confidence interval of
            the difference, over samples and seeds; None with one seed.
        p_value (float): Two-sided, of no difference.
    """

    difference: float
    interval: tuple[float, float] | None
    p_value: float


def paired_test(first: np.ndarray, second: np.ndarray) -> PairedTest:
    """Test two models, trained with the same seeds, on the same samples.

    One seed: McNemar's test, exact. Several: the samples' accuracies, mean
    over the seeds, with random signs of their differences (a permutation
    test), so that a sample counts once however many seeds there are.

    Args:
        first (np.ndarray): Whether each sample is right, seeds×N, bool.
        second (np.ndarray): The same of the other model, seeds×N, bool.
    """
    a, b = first.mean(axis=0), second.mean(axis=0)
    if len(first) == 1:
        gained, lost = int((b > a).sum()), int((a > b).sum())
        p_value = (
            stats.binomtest(gained, gained + lost).pvalue if gained + lost else 1.0
        )
    else:
        p_value = stats.permutation_test(
            (a, b),
            lambda x, y, axis: (y - x).mean(axis=axis),
            permutation_type='samples',
            vectorized=True,
            batch=256,
            rng=np.random.default_rng(0),
        ).pvalue
    gain = second.astype(float) - first.astype(float)
    return PairedTest(float(gain.mean()), mean_interval(gain), float(p_value))


def mean_interval(values: np.ndarray) -> tuple[float, float] | None:
    """95 % confidence interval of a mean over seeds and samples.

    A bootstrap that draws seeds and samples, both with replacement.

    Args:
        values (np.ndarray): Seeds×N.

    Returns:
        tuple[float, float] | None: Lower and upper end; None with one seed,
        which says nothing about other seeds, or without samples.
    """
    if len(values) < 2 or values.shape[1] < 2:
        return None
    mean: Callable = lambda seeds, samples: values[np.ix_(seeds, samples)].mean()  # noqa: E731
    found = stats.bootstrap(
        tuple(map(np.arange, values.shape)),
        mean,
        vectorized=False,
        n_resamples=2000,
        method='percentile',
        rng=np.random.default_rng(0),
    )
    return tuple(map(float, found.confidence_interval))
