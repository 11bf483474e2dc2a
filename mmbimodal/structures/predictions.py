"""What a model predicts for a test set."""

from typing import NamedTuple

import numpy as np


class Predictions(NamedTuple):
    """What a model predicts for N samples, in the order of their ids.

    Args:
        scores (np.ndarray): N×K.
        labels (np.ndarray): True classes, N.
        sample_ids (list[str]): Names of the samples.
        classes (list[str]): Names of the K classes.
    """

    scores: np.ndarray
    labels: np.ndarray
    sample_ids: list[str]
    classes: list[str]

    @property
    def right(self) -> np.ndarray:
        """Whether the class with the highest score is the true one, N, bool."""
        return self.scores.argmax(axis=1) == self.labels
