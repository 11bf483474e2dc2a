"""What can be wrong with the content of an annotation."""

import math
import os
import os.path as osp
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from typing import Any


def find_problems(annotation: Any) -> Iterator[str]:
    """Everything that is wrong with the content of an annotation.

    Args:
        annotation: What the JSON file holds.

    Yields:
        str: One clause per kind of problem, with its first offender and how
        many there are; it continues 'the annotation FILE …'. The structure
        comes first: without it, the rows are not looked at.
    """
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
            yield f'lists {first_twice(value)!r} twice in metainfo "{name}"'
    if not _are_offsets(annotation['metainfo'].get('offsets', {}), modalities):
        yield 'has metainfo "offsets" that are not seconds of its modalities'
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
            if key not in {'sample_id', 'label', 'offsets', 'start', 'end', *modalities}
        ],
        'has a sample without any modality': [
            (i, 'no path') for i, r in zip(ids, rows) if not modalities & set(r)
        ],
        'has a path that is not relative to, or leaves, the data root': [
            (i, repr(r[key]))
            for i, r in zip(ids, rows)
            for key in sorted(modalities & set(r))
            if not isinstance(r[key], str) or leaves_root(r[key])
        ],
        'has a path with backslashes where "/" must be': [
            (i, repr(r[key]))
            for i, r in zip(ids, rows)
            for key in sorted(modalities & set(r))
            if isinstance(r[key], str) and '\\' in r[key]
        ],
        'has offsets that are not seconds of its modalities': [
            (i, repr(r['offsets']))
            for i, r in zip(ids, rows)
            if not _are_offsets(r.get('offsets', {}), modalities)
        ],
        'has a start or end that is not in seconds, or an end before its start': [
            (i, f'{r.get("start")!r} to {r.get("end")!r}')
            for i, r in zip(ids, rows)
            if not _is_span(r)
        ],
    }
    for fault, found in faults.items():
        if found:
            sample_id, what = found[0]
            yield _count(fault, f'{what} in {sample_id}', len(found))


def _are_offsets(value: Any, modalities: Collection[str]) -> bool:
    """Whether it maps names of modalities to numbers of seconds."""
    return isinstance(value, dict) and all(
        name in modalities and _is_number(seconds) for name, seconds in value.items()
    )


def _is_span(row: dict[str, Any]) -> bool:
    """Whether a row's start and end, where it has them, are in order."""
    times = [row[key] for key in ('start', 'end') if key in row]
    return all(map(_is_number, times)) and times == sorted(set(times))


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value)


def leaves_root(path: str) -> bool:
    """Whether a path is empty, absolute, or climbs above its start."""
    return (
        not path
        or osp.isabs(path)
        or osp.normpath(path).split(os.sep)[0] in ('..', '.')
    )


def first_twice(names: Sequence[str]) -> str:
    return next(name for name, n in Counter(names).items() if n > 1)


def _count(fault: str, first: str, count: int) -> str:
    return f'{fault} ({first}{", the first" if count > 1 else ""} of {count})'
