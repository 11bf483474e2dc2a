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
"""

import json
import os
import os.path as osp
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from mmengine import fileio

from mmbimodal.errors import InputError

_REMEDY = 'write it anew with the prepare.py of the data set'


def read_annotation(ann_file: str) -> dict[str, Any]:
    """Read an annotation and make sure that every row can be used.

    Args:
        ann_file (str): Path of the JSON file.

    Returns:
        dict: ``metainfo`` and ``data_list`` as in the file.

    Raises:
        InputError: If there is no such file, it is not an annotation, or
            :func:`annotation_problems` finds something.
    """
    annotation = load_annotation(ann_file)
    problem = next(_problems(annotation), None)
    if problem is not None:
        raise InputError(f'the annotation {ann_file} {problem}: {_REMEDY}, or mend it.')
    return annotation


def load_annotation(ann_file: str) -> Any:
    """Load the JSON of an annotation without a look at its content.

    Raises:
        InputError: If there is no such file or it is not JSON.
    """
    try:
        with open(ann_file, encoding='utf-8') as f:
            return json.load(f)
    except OSError as error:
        raise InputError(
            f'cannot read the annotation {ann_file} ({error.strerror}): {_REMEDY}.'
        ) from error
    except ValueError as error:
        raise InputError(
            f'the annotation {ann_file} is not JSON ({error}): {_REMEDY}.'
        ) from error


def annotation_problems(annotation: Any) -> list[str]:
    """Everything that is wrong with the content of an annotation.

    Args:
        annotation: What the JSON file holds.

    Returns:
        list[str]: One clause per kind of problem, with its first offender
        and how many there are; it continues 'the annotation FILE …'.
    """
    return list(_problems(annotation))


def resolve(data_root: str, path: str) -> str:
    """Join the data root and a path of an annotation row.

    Links inside the data root may lead anywhere (that is how a data set on
    another disk is brought in); the path itself may not.

    Raises:
        InputError: If the path is absolute or climbs out of the root.
    """
    if _leaves_root(path):
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
) -> None:
    """Write an annotation, one row per line, ordered by sample id.

    The file appears complete or not at all.

    Raises:
        InputError: If :func:`annotation_problems` finds something.
    """
    metainfo = dict(
        dataset=dataset, split=split, classes=list(classes), modalities=list(modalities)
    )
    problem = next(_problems(dict(metainfo=metainfo, data_list=list(data_list))), None)
    if problem is not None:
        raise InputError(
            f'the annotation {ann_file} is not written because '
            f'it {problem}: look at the files of the data set.'
        )
    keys = ['sample_id', 'label', *modalities]
    rows = [
        {key: row[key] for key in keys if key in row}
        for row in sorted(data_list, key=lambda row: row['sample_id'])
    ]
    lines = ',\n'.join(json.dumps(row, ensure_ascii=False) for row in rows)
    metainfo = json.dumps(metainfo, ensure_ascii=False)
    write_text(ann_file, f'{{"metainfo": {metainfo},\n"data_list": [\n{lines}\n]}}\n')


def write_text(path: str, text: str) -> None:
    """Write a text file that appears complete or not at all."""
    # The package's local backend renames a finished file.
    fileio.put(text.encode('utf-8'), path)


def read_label_map(path: str) -> list[str]:
    """Class names in the order of their labels, one per line of a file.

    Raises:
        InputError: If the file is missing, empty, or names a class twice.
    """
    try:
        with open(path, encoding='utf-8') as f:
            classes = [line.strip() for line in f if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f'cannot read the label map {path} ({error}): give '
            'a text file with one class name per line.'
        ) from error
    if not classes or len(set(classes)) < len(classes):
        fault = f'names {_first_twice(classes)!r} twice' if classes else 'is empty'
        raise InputError(
            f'the label map {path} {fault}: give one class name '
            'per line, in the order of the labels.'
        )
    return classes


def _problems(annotation: Any) -> Iterator[str]:
    """See :func:`annotation_problems`; lazy, the structure comes first."""
    if not (
        isinstance(annotation, dict)
        and isinstance(annotation.get('metainfo'), dict)
        and isinstance(annotation.get('data_list'), list)
    ):
        yield 'has no "metainfo" object beside a "data_list" array'
        return
    classes = annotation['metainfo'].get('classes')
    modalities = annotation['metainfo'].get('modalities')
    rows = annotation['data_list']
    for name, value in (('classes', classes), ('modalities', modalities)):
        if not (
            isinstance(value, list)
            and value
            and all(isinstance(item, str) for item in value)
        ):
            yield f'has no list of names in metainfo "{name}"'
            return
        if len(set(value)) < len(value):
            yield f'lists {_first_twice(value)!r} twice in metainfo "{name}"'
    if not rows:
        yield 'has an empty "data_list"'
        return
    nameless = [
        i
        for i, row in enumerate(rows)
        if not isinstance(row, dict) or not isinstance(row.get('sample_id'), str)
    ]
    if nameless:
        yield _count(
            'has a row without a "sample_id" string',
            f'row {nameless[0]}',
            len(nameless),
        )
        return
    yield from _row_problems(rows, len(classes), set(modalities))


def _row_problems(
    rows: list[dict[str, Any]], num_classes: int, modalities: set
) -> Iterator[str]:
    ids = [row['sample_id'] for row in rows]
    copies = {name: n for name, n in Counter(ids).items() if n > 1}
    if copies:
        yield _count('has a sample id more than once', next(iter(copies)), len(copies))

    def is_label(label: Any) -> bool:
        # bool is an int to Python
        return type(label) is int and 0 <= label < num_classes

    faults = {
        f'has a label that is not an integer from 0 to {num_classes - 1}': [
            (i, repr(r.get('label')))
            for i, r in zip(ids, rows)
            if not is_label(r.get('label'))
        ],
        'has a key that is no modality of its metainfo': [
            (i, repr(key))
            for i, r in zip(ids, rows)
            for key in r
            if key not in {'sample_id', 'label', *modalities}
        ],
        'has a sample without any modality': [
            (i, 'no path') for i, r in zip(ids, rows) if not modalities & set(r)
        ],
        'has a path that is not relative to, or leaves, the data root': [
            (i, repr(r[key]))
            for i, r in zip(ids, rows)
            for key in sorted(modalities & set(r))
            if not isinstance(r[key], str) or _leaves_root(r[key])
        ],
    }
    for fault, found in faults.items():
        if found:
            sample_id, what = found[0]
            yield _count(fault, f'{what} in {sample_id}', len(found))


def _leaves_root(path: str) -> bool:
    """Whether a path is empty, absolute, or climbs above its start."""
    return (
        not path
        or osp.isabs(path)
        or osp.normpath(path).split(os.sep)[0] in ('..', '.')
    )


def _first_twice(names: Sequence[str]) -> str:
    return next(name for name, n in Counter(names).items() if n > 1)


def _count(fault: str, first: str, count: int) -> str:
    return f'{fault} ({first}{", the first" if count > 1 else ""} of {count})'
