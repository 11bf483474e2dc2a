"""Files of predictions."""

import csv
import io
import json
import tempfile
from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any

from mmengine import fileio

from mmbimodal.errors import InputError


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


def _csv(rows: Sequence[dict[str, Any]], classes: Sequence[str]) -> str:
    """A line for each sample: its class, that of each branch, all scores."""
    names = dict.fromkeys(name for row in rows for name in row.get('branches', ()))
    table = io.StringIO()
    writer = csv.writer(table, lineterminator='\n')
    writer.writerow(
        ['sample_id', 'pred_class', 'pred_score']
        + [f'{name}_{x}' for name in names for x in ('class', 'score')]
        + list(classes)
    )
    for row in rows:
        line = [row['sample_id'], row['pred_class'], row['pred_score']]
        for name in names:
            branch = row['branches'].get(name, {})
            line += [branch.get('class'), branch.get('score')]
        writer.writerow([*line, *row['scores']])
    return table.getvalue()
