"""Files of predictions."""

import csv
import io
import json
import tempfile
from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any

from mmaction.structures import ActionDataSample
from mmengine import fileio

from mmbimodal.errors import InputError
from mmbimodal.structures import Segment, Timeline


def check_writable(
    out_dir: str | PathLike | None, out_file: str | PathLike | None
) -> None:
    """Make the folders of the results, before anything is computed.

    Raises:
        InputError: One of them cannot be written, or the file is neither JSON nor CSV.
    """
    if out_file is not None and Path(out_file).suffix not in ('.json', '.csv'):
        raise InputError(f'{out_file} is neither .json nor .csv: name it one of these')
    folders = [] if out_dir is None else [Path(out_dir)]
    if out_file is not None:
        folders.append(Path(out_file).parent)
    for folder in folders:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=folder).close()
        except OSError as error:
            raise InputError(
                f'{folder} cannot be written ({error.strerror}): name another folder '
                'for the results'
            ) from error


def prediction_row(
    sample: ActionDataSample, classes: Sequence[str], top_k: int = 5
) -> dict[str, Any]:
    """A prediction as JSON can hold it; see :meth:`.MMBimodalInferencer.pred2dict`.

    Args:
        sample (ActionDataSample): Of :meth:`.MMBimodalInferencer.forward`.
        classes (Sequence[str]): Names of the K classes.
        top_k (int): Length of ``top_k``. Defaults to 5.
    """
    scores = sample.pred_score.tolist()
    ranking = _ranking(scores, classes)
    row = dict(
        sample_id=sample.sample_id,
        pred_label=scores.index(max(scores)),
        pred_class=ranking[0]['class'],
        pred_score=ranking[0]['score'],
        top_k=ranking[:top_k],
        scores=scores,
    )
    if 'gt_label' in sample:
        row['label'] = int(sample.gt_label)
        row['label_class'] = classes[row['label']]
    if 'branch_scores' in sample:
        row['branches'] = {
            name: dict(_ranking(x.tolist(), classes)[0], scores=x.tolist())
            for name, x in sample.branch_scores.items()
        }
    if 'key_frames' in sample:
        row['key_frames'] = sample.key_frames
    return row


def _ranking(scores: Sequence[float], classes: Sequence[str]) -> list[dict[str, Any]]:
    """Classes and their scores, the best one first."""
    return [
        {'class': name, 'score': score}
        for name, score in sorted(zip(classes, scores), key=lambda x: -x[1])
    ]


def save_results(
    rows: Sequence[dict[str, Any]],
    classes: Sequence[str],
    out_dir: str | PathLike | None,
    out_file: str | PathLike | None,
) -> None:
    """Write predictions, each file completely or not at all.

    The JSON is ``{"classes": [...], "predictions": rows}``. With labels,
    :func:`mmbimodal.evaluation.read_predictions` reads it.

    Args:
        rows (Sequence[dict]): Of :meth:`.MMBimodalInferencer.pred2dict`.
        classes (Sequence[str]): Names of the K classes.
        out_dir (str | Path, optional): Gets ``predictions.json`` and ``.csv``.
        out_file (str | Path, optional): ``.json`` or ``.csv``.
    """
    paths = [] if out_file is None else [Path(out_file)]
    if out_dir is not None:
        paths += [Path(out_dir, 'predictions.json'), Path(out_dir, 'predictions.csv')]
    for path in paths:
        if path.suffix == '.csv':
            text = _csv(rows, classes)
        else:
            text = json.dumps(dict(classes=classes, predictions=rows), indent=1)
        # The package's local backend renames a finished file.
        fileio.put(text.encode('utf-8'), path)


def save_timeline(
    timeline: Timeline, out_dir: str | PathLike | None, out_file: str | PathLike | None
) -> None:
    """Write a timeline, each file completely or not at all.

    Args:
        timeline (Timeline): Of :meth:`.MMBimodalInferencer.timeline`.
        out_dir (str | Path, optional): Gets ``timeline.json`` and ``.csv`` (one line
            for each window) and ``segments.csv``.
        out_file (str | Path, optional): ``.json`` or ``.csv``, as ``timeline``.
    """
    ends = (timeline.starts + timeline.window).round(9)
    best = timeline.scores.argmax(axis=1)
    windows = [
        dict(
            start=start,
            end=end,
            pred_class=timeline.classes[label],
            pred_score=max(scores),
            scores=scores,
        )
        for start, end, label, scores in zip(
            timeline.starts.tolist(), ends.tolist(), best, timeline.scores.tolist()
        )
    ]
    segments = [x._asdict() for x in timeline.segments]
    whole = dict(
        sample_id=timeline.sample_id,
        classes=[*timeline.classes],
        window=timeline.window,
        stride=timeline.stride,
        span=timeline.span,
        segments=segments,
        windows=windows,
    )
    lines = [[*x.values()][:4] + x['scores'] for x in windows]
    table = _table([*list(windows[0])[:4], *timeline.classes], lines)
    texts = {'.json': json.dumps(whole, indent=1), '.csv': table}
    paths = [] if out_file is None else [Path(out_file)]
    if out_dir is not None:
        paths += [Path(out_dir, 'timeline.json'), Path(out_dir, 'timeline.csv')]
        rows = [[*x.values()] for x in segments]
        text = _table(Segment._fields, rows)
        fileio.put(text.encode('utf-8'), Path(out_dir, 'segments.csv'))
    for path in paths:
        fileio.put(texts[path.suffix].encode('utf-8'), path)


def _table(header: Sequence[str], lines: Sequence[Sequence[Any]]) -> str:
    """CSV of a header and lines."""
    table = io.StringIO()
    csv.writer(table, lineterminator='\n').writerows([header, *lines])
    return table.getvalue()


def _csv(rows: Sequence[dict[str, Any]], classes: Sequence[str]) -> str:
    """A line for each sample: its class, that of each branch, all scores."""
    names = dict.fromkeys(name for row in rows for name in row.get('branches', ()))
    header = ['sample_id', 'pred_class', 'pred_score']
    header += [f'{name}_{x}' for name in names for x in ('class', 'score')]
    lines = []
    for row in rows:
        line = [row['sample_id'], row['pred_class'], row['pred_score']]
        for name in names:
            branch = row['branches'].get(name, {})
            line += [branch.get('class'), branch.get('score')]
        lines.append([*line, *row['scores']])
    return _table([*header, *classes], lines)
