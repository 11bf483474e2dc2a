"""Samples without labels that a CSV lists."""

from pathlib import Path
from typing import Any

from mmbimodal.errors import InputError

from .text_file import read_csv

_REMEDY = 'give a first line such as "rgb,ir" and one line of paths per sample'
_NOT_FILES = ('label', 'split')
_OFFSET = 'offset_'


def read_pairs(path: Path) -> list[dict[str, Any]]:
    """Read a CSV whose first line names the columns.

    One column of paths per modality, which start at the folder of the CSV;
    ``sample_id``, ``start``, ``end`` and ``offset_<modality>`` (seconds) where wanted.
    The columns ``label`` and ``split`` of a CSV for training are not read. An empty
    path means that the sample lacks this modality.

    Args:
        path (Path): The CSV.

    Returns:
        list[dict]: For :class:`mmbimodal.apis.MMBimodalInferencer`.

    Raises:
        InputError: The file cannot be read, or a time is no number.
    """
    samples = []
    reader = read_csv(path, _REMEDY)
    for row in reader:
        sample: dict[str, Any] = {}
        for column, cell in row.items():
            value = (cell or '').strip() if isinstance(cell, str) else ''
            if not column or not value or column in _NOT_FILES:
                continue
            where = f'line {reader.line_num} of the CSV {path}'
            if column.startswith(_OFFSET):
                offsets = sample.setdefault('offsets', {})
                offsets[column.removeprefix(_OFFSET)] = _seconds(value, column, where)
            elif column in ('start', 'end'):
                sample[column] = _seconds(value, column, where)
            else:
                sample[column] = value if column == 'sample_id' else path.parent / value
        samples.append(sample)
    return samples


def _seconds(value: str, column: str, where: str) -> float:
    try:
        return float(value)
    except ValueError:
        raise InputError(
            f'{where} has {value!r} as {column}: give seconds, such as 0.12'
        ) from None
