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
    try:
        content = mmengine.load(predictions, file_format='json')
        scores = np.array([x['scores'] for x in content['predictions']])
        labels = [x['label'] for x in content['predictions']]
        counts = ConfusionMatrix.calculate(scores, labels).numpy()
        classes = content['classes'] or [
            f'class {i}' for i in range(len(counts))
        ]
    except (OSError, ValueError, TypeError, LookupError,
            AssertionError) as error:
        raise InputError(
            f'{predictions} is not a file of predictions ({error!r}): write '
            'it with tools/test.py CONFIG CHECKPOINT --cfg-options '
            'test_evaluator.type=mmbimodal.evaluation.SavePredictions '
            f'test_evaluator.out_file={predictions}') from error
    return counts, list(classes)
