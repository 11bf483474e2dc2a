"""What a user asks a model about, as samples of the data set."""

import os.path as osp
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path, PurePath
from typing import Any

import numpy as np
from mmaction.registry import DATASETS

from mmbimodal.datasets.sample import build_sample
from mmbimodal.errors import InputError

Inputs = Mapping[str, Any] | Sequence[Mapping[str, Any]] | str | PathLike

# What a sample may say beside its modalities, as a row of an annotation.
_OPTIONS = ('label', 'offsets', 'start', 'end')


def list_samples(inputs: Inputs, settings: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Samples for the test pipeline; every file is known to exist.

    Args:
        inputs (Mapping | Sequence[Mapping] | str | Path): A sample or several, each
            modality → path or decoded frames (T×H×W×3, RGB, uint8); modalities may
            be left out, and ``sample_id``, ``label``, ``offsets``, ``start`` and
            ``end`` mean the same as in an annotation. Or the path of an annotation,
            whose files are below the parent of its folder.
        settings (Mapping): Config of the test set.

    Returns:
        list[dict]: Of :func:`~mmbimodal.datasets.sample.build_sample`, with different
        ids.

    Raises:
        InputError: No sample, an unknown modality (of an offset, too), a file that
            does not exist, or an id that is there twice or is no name for a file.
    """
    if isinstance(inputs, (str, PathLike)):
        samples = _annotated(Path(inputs), settings)
    else:
        rows = [inputs] if isinstance(inputs, Mapping) else [*inputs]
        files = [_files(row, settings['modalities']) for row in rows]
        samples = [
            build_sample(
                name,
                x,
                settings['modalities'],
                kinds=settings.get('kinds'),
                value_windows=settings.get('value_windows'),
                **{key: row[key] for key in _OPTIONS if row.get(key) is not None},
            )
            for name, x, row in zip(_names(rows, files), files, rows)
        ]
    if not samples:
        raise InputError('the list of samples is empty: give at least one')
    for sample in samples:
        path = PurePath(sample['sample_id'])
        if path.is_absolute() or '..' in path.parts or not path.name:
            raise InputError(
                f'the sample_id {sample["sample_id"]!r} cannot name the files of the '
                'results: give a name without ".."'
            )
    return samples


def _annotated(path: Path, settings: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Samples of an annotation."""
    if path.suffix != '.json':
        name = next(iter(settings['modalities']))
        raise InputError(
            f'{path} is not an annotation (.json): give one, or a dict of files, such '
            f'as dict({name}={str(path)!r})'
        )
    path = path.absolute()
    changes = dict(ann_file=str(path), data_root=str(path.parent.parent))
    dataset = DATASETS.build(dict(settings, **changes, allow_missing=True, pipeline=[]))
    return [dataset.get_data_info(i) for i in range(len(dataset))]


def _files(row: Any, known: Sequence[str]) -> dict[str, str | np.ndarray]:
    """Path or frames of the modalities that a sample has."""
    if not isinstance(row, Mapping):
        raise InputError(
            f'a sample is a {type(row).__name__}: give a dict with a file or an array '
            f'for each of {", ".join(known)}'
        )
    files = {
        name: source if isinstance(source, np.ndarray) else str(source)
        for name, source in row.items()
        if name not in ('sample_id', *_OPTIONS) and source is not None
    }
    if set(files) - set(known) or not files:
        raise InputError(
            f'the sample has the modalities {", ".join(files) or "(none)"}, '
            f'the model knows {", ".join(known)}: give at least one of these'
        )
    for name in row.get('offsets') or {}:
        if name not in known:
            raise InputError(
                f'the sample has an offset of {name}, the model knows '
                f'{", ".join(known)}: give those of these alone'
            )
    for name, source in files.items():
        if isinstance(source, str) and not osp.exists(source):
            raise InputError(
                f'{source}, the {name} of the sample, does not exist: check the path'
            )
    return files


def _names(
    rows: Sequence[Mapping[str, Any]], files: Sequence[Mapping[str, Any]]
) -> list[str]:
    """Different ids: those given, or the stems of the files."""
    given = [row['sample_id'] for row in rows if 'sample_id' in row]
    taken = set(given)
    if len(taken) < len(given):
        twice = next(x for x in given if given.count(x) > 1)
        raise InputError(f'two samples have the sample_id {twice!r}: name them apart')
    names = []
    for row, sources in zip(rows, files):
        paths = [Path(x) for x in sources.values() if isinstance(x, str)]
        stem = '+'.join(dict.fromkeys(path.stem for path in paths)) or 'sample'
        name = row.get('sample_id', stem)
        count = 1
        while 'sample_id' not in row and name in taken:
            count += 1
            name = f'{stem}-{count}'
        taken.add(name)
        names.append(name)
    return names
