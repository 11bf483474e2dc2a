"""Files of :class:`.SavePredictions`."""

from collections.abc import Iterator
from contextlib import contextmanager

import mmengine
import numpy as np
from mmaction.evaluation import top_k_accuracy

from mmbimodal.errors import InputError
from mmbimodal.structures import Predictions


@contextmanager
def reading_predictions(path: str) -> Iterator[Predictions]:
    """Read a file; what is wrong with it shows here or where it is used.

    Args:
        path (str): Path of the JSON file.

    Raises:
        InputError: There is no such file, or it holds something else.
    """
    try:
        content = mmengine.load(path, file_format='json')
        rows = content['predictions']
        yield Predictions(
            np.array([x['scores'] for x in rows]),
            [x['label'] for x in rows],
            [x['sample_id'] for x in rows],
            content['classes'],
        )
    except (OSError, ValueError, TypeError, LookupError, AssertionError) as error:
        raise InputError(
            f'{path} is not a file of predictions ({error!r}): write '
            'it with tools/test.py CONFIG CHECKPOINT --cfg-options '
            'test_evaluator.type=mmbimodal.evaluation.SavePredictions '
            f'test_evaluator.out_file={path}'
        ) from error


def predicted_accuracy(path: str) -> tuple[float, float]:
    """Top-1 and top-5 accuracy of a file, in [0, 1].

    Args:
        path (str): Path of the JSON file.

    Raises:
        InputError: As :func:`reading_predictions`.
    """
    with reading_predictions(path) as found:
        top1, top5 = top_k_accuracy(found.scores, found.labels, (1, 5))
    return top1, top5
