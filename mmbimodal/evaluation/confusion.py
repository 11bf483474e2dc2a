import numpy as np
from mmaction.evaluation import ConfusionMatrix

from .predictions import Predictions, read_comparable, read_predictions


def confusion_counts(predictions: str) -> tuple[np.ndarray, list[str]]:
    """Confusion matrix of a file of :class:`.SavePredictions`.

    Args:
        predictions (str): Path of the JSON file.

    Returns:
        tuple[np.ndarray, list[str]]: Counts, K×K, rows are true classes and
        columns predicted ones, and the K names.

    Raises:
        InputError: There is no such file, or it holds something else.
    """
    found = read_predictions(predictions)
    return _count(found), found.classes


def confusion_pair(first: str, second: str) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Confusion matrices of two models on the same samples.

    Args:
        first (str): Path of a JSON file of :class:`.SavePredictions`.
        second (str): Path of another one.

    Returns:
        tuple[np.ndarray, np.ndarray, list[str]]: Counts of each, K×K, and
        the K names.

    Raises:
        InputError: As :func:`confusion_counts`, or the files are not of the
            same classes and samples.
    """
    a, b = read_comparable([first, second])
    return _count(a), _count(b), a.classes


def _count(found: Predictions) -> np.ndarray:
    return ConfusionMatrix.calculate(found.scores, found.labels.tolist()).numpy()
