"""Is one model better than another on the same test samples?"""

from typing import NamedTuple

import numpy as np


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

    One seed: McNemar's test, exact. Several: a paired t-test of the samples'
    accuracies, each the mean over the seeds, so that a sample counts once
    however many seeds there are.

    Args:
        first (np.ndarray): Whether each sample is right, seeds×N, bool.
        second (np.ndarray): The same of the other model, seeds×N, bool.
    """
    from scipy import stats  # slow to import

    a, b = first.mean(axis=0), second.mean(axis=0)
    if (a == b).all() or len(a) == 1:
        p_value = 1.0
    elif len(first) == 1:
        gained, lost = int((b > a).sum()), int((a > b).sum())
        p_value = stats.binomtest(gained, gained + lost).pvalue
    else:
        p_value = stats.ttest_rel(b, a).pvalue
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
    from scipy import stats

    if min(values.shape) < 2:
        return None
    found = stats.bootstrap(
        tuple(map(np.arange, values.shape)),
        lambda seeds, samples: values[seeds].mean(axis=0)[samples].mean(),
        vectorized=False,
        n_resamples=2000,
        method='percentile',
        rng=np.random.default_rng(0),
    )
    low, high = found.confidence_interval
    return float(low), float(high)
