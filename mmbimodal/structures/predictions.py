"""What a model predicts for a test set."""

from typing import NamedTuple

import numpy as np


class Predictions(NamedTuple):
    """What a model predicted for N samples.

    Args:
        scores (np.ndarray): N×K.
        labels (list[int]): True classes.
        sample_ids (list[str]): Names of the samples.
        classes (list[str], optional): Names of the classes.
    """

    scores: np.ndarray
    labels: list[int]
    sample_ids: list[str]
    classes: list[str] | None
