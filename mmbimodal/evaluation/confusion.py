import numpy as np
from mmaction.evaluation import ConfusionMatrix

from mmbimodal.errors import InputError

from .predictions import reading_predictions


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
    counts, classes, _ = _read(predictions)
    return counts, classes


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
    counts, classes, labels = _read(first)
    other_counts, other_classes, other_labels = _read(second)
    if classes != other_classes:
        differing = sorted(set(classes) ^ set(other_classes))
        raise InputError(
            f'{first} and {second} have different classes '
            f'({", ".join(differing) or "in another order"}): compare '
            'predictions on the same test set'
        )
    if labels != other_labels:
        differing = {name for name, _ in labels.items() ^ other_labels.items()}
        raise InputError(
            f'{first} and {second} differ in {len(differing)} samples or '
            f'their labels ({min(differing)} is one): compare predictions on '
            'the same test set'
        )
    return counts, other_counts, classes


def _read(predictions: str) -> tuple[np.ndarray, list[str], dict]:
    """Counts, names of the classes, and the label of each sample."""
    with reading_predictions(predictions) as found:
        counts = ConfusionMatrix.calculate(found.scores, found.labels).numpy()
        classes = found.classes or [f'class {i}' for i in range(len(counts))]
        return counts, list(classes), dict(zip(found.sample_ids, found.labels))
