from typing import List, Tuple

import mmengine
import numpy as np

from mmaction.evaluation import ConfusionMatrix
from mmbimodal.errors import InputError


def confusion_counts(predictions: str) -> Tuple[np.ndarray, List[str]]:
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


def confusion_pair(
        first: str,
        second: str) -> Tuple[np.ndarray, np.ndarray, List[str]]:
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
            'predictions on the same test set')
    if labels != other_labels:
        differing = {name for name, _ in labels.items() ^ other_labels.items()}
        raise InputError(
            f'{first} and {second} differ in {len(differing)} samples or '
            f'their labels ({min(differing)} is one): compare predictions on '
            'the same test set')
    return counts, other_counts, classes


def _read(predictions: str) -> Tuple[np.ndarray, List[str], dict]:
    """Counts, names of the classes, and the label of each sample."""
    try:
        content = mmengine.load(predictions, file_format='json')
        rows = content['predictions']
        scores = np.array([x['scores'] for x in rows])
        labels = [x['label'] for x in rows]
        counts = ConfusionMatrix.calculate(scores, labels).numpy()
        classes = content['classes'] or [
            f'class {i}' for i in range(len(counts))
        ]
        return counts, list(classes), {
            x['sample_id']: x['label']
            for x in rows
        }
    except (OSError, ValueError, TypeError, LookupError,
            AssertionError) as error:
        raise InputError(
            f'{predictions} is not a file of predictions ({error!r}): write '
            'it with tools/test.py CONFIG CHECKPOINT --cfg-options '
            'test_evaluator.type=mmbimodal.evaluation.SavePredictions '
            f'test_evaluator.out_file={predictions}') from error
