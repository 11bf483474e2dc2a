"""Files of :class:`.SavePredictions`."""

from collections.abc import Sequence

import mmengine
import numpy as np
from mmaction.evaluation import top_k_accuracy

from mmbimodal.errors import InputError
from mmbimodal.structures import Predictions


def read_predictions(path: str) -> Predictions:
    """Read a file of :class:`.SavePredictions`.

    Args:
        path (str): Path of the JSON file.

    Raises:
        InputError: There is no such file, or it holds something else.
    """
    try:
        content = mmengine.load(path, file_format='json')
        rows = sorted(content['predictions'], key=lambda x: x['sample_id'])
        scores = np.array([x['scores'] for x in rows], dtype=float)
        labels = np.array([x['label'] for x in rows], dtype=int)
        ids = [x['sample_id'] for x in rows]
        count, num_classes = scores.shape
        classes = content['classes'] or [f'class {k}' for k in range(num_classes)]
        if not (len(classes) == num_classes > max(labels) and len(set(ids)) == count):
            raise ValueError('labels, classes and sample ids do not fit together')
    except (OSError, ValueError, TypeError, LookupError) as error:
        raise InputError(
            f'{path} is not a file of predictions ({error!r}): write '
            'it with tools/test.py CONFIG CHECKPOINT --cfg-options '
            'test_evaluator.type=mmbimodal.evaluation.SavePredictions '
            f'test_evaluator.out_file={path}'
        ) from error
    return Predictions(scores, labels, ids, list(classes))


def read_comparable(paths: Sequence[str]) -> list[Predictions]:
    """Read predictions of several models on the same test set.

    Args:
        paths (Sequence[str]): Paths of the JSON files.

    Raises:
        InputError: As :func:`read_predictions`, or the files are not of the
            same classes, in one order, and the same samples.
    """
    first, *others = found = [read_predictions(path) for path in paths]
    for path, other in zip(paths[1:], others):
        if first.classes != other.classes:
            differing = sorted(set(first.classes) ^ set(other.classes))
            raise InputError(
                f'{paths[0]} and {path} have different classes '
                f'({", ".join(differing) or "in another order"}): compare '
                'predictions on the same test set'
            )
        samples = set(zip(first.sample_ids, first.labels))
        samples ^= set(zip(other.sample_ids, other.labels))
        if samples:
            names = sorted({name for name, _ in samples})
            raise InputError(
                f'{paths[0]} and {path} differ in {len(names)} samples or '
                f'their labels ({names[0]} is one): compare predictions on '
                'the same test set'
            )
    return found


def subset(predictions: Predictions, ann_file: str) -> Predictions:
    """The predictions for the samples of an annotation, a part of the test set.

    Args:
        predictions (Predictions): Those for the whole test set.
        ann_file (str): Path of the annotation.

    Raises:
        InputError: The file is no annotation, or has other samples.
    """
    try:
        content = mmengine.load(ann_file, file_format='json')
        chosen = {row['sample_id'] for row in content['data_list']}
    except (OSError, ValueError, TypeError, LookupError) as error:
        raise InputError(
            f'{ann_file} is not an annotation ({error!r}): write it again with the '
            'prepare.py of its data set'
        ) from error
    unknown = sorted(chosen - set(predictions.sample_ids))
    if unknown or not chosen:
        raise InputError(
            f'{ann_file} is no part of the test set: {len(unknown)} of its '
            f'{len(chosen)} samples have no prediction ({", ".join(unknown[:3])}); '
            'name an annotation of tested samples'
        )
    kept = [k for k, name in enumerate(predictions.sample_ids) if name in chosen]
    return Predictions(
        predictions.scores[kept],
        predictions.labels[kept],
        [predictions.sample_ids[k] for k in kept],
        predictions.classes,
    )


def predicted_accuracy(found: Predictions) -> tuple[float, float]:
    """Top-1 and top-5 accuracy, in [0, 1]."""
    top1, top5 = top_k_accuracy(found.scores, found.labels, (1, 5))
    return top1, top5
