"""The annotation file of paired data, and the label map.

An annotation is OpenMMLab 2.x JSON::

    {"metainfo": {"dataset": "ntu60", "split": "xview_train",
                  "classes": ["drink water", ...],
                  "modalities": ["rgb", "ir"]},
     "data_list": [{"sample_id": "S001C002P001R001A001", "label": 0,
                    "rgb": "nturgb+d_rgb/S001C002P001R001A001_rgb.avi",
                    "ir": "nturgb+d_ir/S001C002P001R001A001_ir.avi"}, ...]}

Paths are relative to the data root. A row that lacks the key of a modality
is a sample that lacks this modality.

``"offsets": {"ir": 0.6}`` says that the first frame of ``ir`` was recorded 0.6
seconds after zero of the sample's common clock; a modality that is not named
has 0. In ``metainfo`` it holds for all samples, in a row for this one.
``"start"`` and ``"end"`` of a row, in seconds on that clock, make the sample a
piece of longer recordings; either may be absent.
"""

import json
import os.path as osp
from collections.abc import Mapping, Sequence
from typing import Any

from mmengine import fileio

from mmbimodal.errors import InputError

from .annotation_check import find_problems, first_twice, leaves_root
from .text_file import read_text

_REMEDY = 'write it again with tools/data/prepare.py'


def read_annotation(ann_file: str) -> dict[str, Any]:
    """Read an annotation and make sure that every row can be used.

    Args:
        ann_file (str): Path of the JSON file.

    Returns:
        dict: ``metainfo`` and ``data_list`` as in the file.

    Raises:
        InputError: If there is no such file, it is not an annotation, or
            the content is wrong.
    """
    annotation = load_annotation(ann_file)
    problem = next(find_problems(annotation), None)
    if problem is not None:
        raise InputError(
            f'the annotation {ann_file} {problem}: {_REMEDY}, or correct it.'
        )
    return annotation


def load_annotation(ann_file: str) -> Any:
    """Load the JSON of an annotation without a look at its content.

    Raises:
        InputError: If there is no such file or it is not JSON.
    """
    text = read_text(ann_file, 'annotation', _REMEDY)
    try:
        return json.loads(text)
    except ValueError as error:
        raise InputError(
            f'the annotation {ann_file} is not JSON ({error}): {_REMEDY}.'
        ) from error


def offsets_of(metainfo: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, float]:
    """Start of the modalities of a sample on its common clock.

    Args:
        metainfo (Mapping[str, Any]): That of the annotation.
        row (Mapping[str, Any]): The sample; it overrules ``metainfo``.

    Returns:
        dict[str, float]: Modality → seconds; those at 0 may be absent.
    """
    return {**metainfo.get('offsets', {}), **row.get('offsets', {})}


def resolve(data_root: str, path: str) -> str:
    """Join the data root and a path of an annotation row.

    Links inside the data root may lead anywhere (that is how a data set on
    another disk is brought in); the path itself may not.

    Raises:
        InputError: If the path is absolute or climbs out of the root.
    """
    if leaves_root(path):
        raise InputError(
            f'the path {path} leaves the data root {data_root}: '
            'move or link the file into it.'
        )
    return osp.join(data_root, path)


def write_annotation(
    ann_file: str,
    *,
    dataset: str,
    split: str,
    classes: Sequence[str],
    modalities: Sequence[str],
    data_list: Sequence[dict[str, Any]],
    offsets: Mapping[str, float] | None = None,
) -> None:
    """Write an annotation, one row per line, ordered by sample id.

    The file appears complete or not at all; ``offsets`` are those of all samples.

    Raises:
        InputError: If the content is wrong.
    """
    metainfo: dict[str, Any] = dict(
        dataset=dataset, split=split, classes=list(classes), modalities=list(modalities)
    )
    if offsets:
        metainfo['offsets'] = dict(offsets)
    problem = next(
        find_problems(dict(metainfo=metainfo, data_list=list(data_list))), None
    )
    if problem is not None:
        raise InputError(
            f'the annotation {ann_file} is not written because '
            f'it {problem}: look at the files of the data set.'
        )
    keys = ['sample_id', 'label', *modalities, 'offsets', 'start', 'end']
    rows = [
        {key: row[key] for key in keys if key in row}
        for row in sorted(data_list, key=lambda row: row['sample_id'])
    ]
    lines = ',\n'.join(json.dumps(row, ensure_ascii=False) for row in rows)
    head = json.dumps(metainfo, ensure_ascii=False)
    write_text(ann_file, f'{{"metainfo": {head},\n"data_list": [\n{lines}\n]}}\n')


def write_text(path: str, text: str) -> None:
    """Write a text file that appears complete or not at all."""
    # The package's local backend renames a finished file.
    fileio.put(text.encode('utf-8'), path)


def read_label_map(path: str) -> list[str]:
    """Class names in the order of their labels, one per line of a file.

    Raises:
        InputError: If the file is missing, empty, or names a class twice.
    """
    text = read_text(path, 'label map', 'give a text file with one class name per line')
    classes = [line.strip() for line in text.splitlines() if line.strip()]
    if not classes or len(set(classes)) < len(classes):
        fault = f'names {first_twice(classes)!r} twice' if classes else 'is empty'
        raise InputError(
            f'the label map {path} {fault}: give one class name '
            'per line, in the order of the labels.'
        )
    return classes
