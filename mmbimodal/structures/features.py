"""Features of a test set, for pictures of them."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


class Features(NamedTuple):
    """Feature vectors of N samples.

    Args:
        spaces (dict[str, np.ndarray]): Name of a branch or of the fusion →
            N×C; NaN where the sample lacks the modality.
        labels (np.ndarray): True classes, N.
        classes (list[str]): Names of the K classes.
    """

    spaces: dict[str, np.ndarray]
    labels: np.ndarray
    classes: Sequence[str]
