"""Samples that a text file lists, rather than the folders themselves."""

import math
import os
import os.path as osp
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mmbimodal.datasets.text_file import read_csv, read_text
from mmbimodal.errors import InputError

from .naming import SPLIT_FOLDERS, Name, path_rule
from .pairing import Scan

_OFFSET = 'offset_'


@dataclass
class Table:
    """What a CSV of pairs holds.

    Attributes:
        scans: Modality → its files.
        offsets: Sample id → modality → start in seconds; see
            :mod:`mmbimodal.datasets.annotation`.
    """

    scans: dict[str, Scan]
    offsets: dict[str, dict[str, float]] = field(default_factory=dict)


def read_list(path: Path, folder: Path, modality: str, split: str | None) -> Scan:
    """Read one of MMAction2's lists, lines ``path label``.

    Its other kind, ``folder number_of_frames label``, is read too. The label is
    a number or a class name.

    Args:
        path (Path): The list.
        folder (Path): Where its paths start.
        modality (str): That of the files.
        split (str, optional): Split of all of its samples.

    Raises:
        InputError: The list cannot be read, or names files that are not there.
    """
    remedy = 'give lines "path label"'
    rule, disk = path_rule(modality), _Disk(folder, f'list {path}')
    found: dict[str, list[Path]] = {}
    result = Scan(Path(osp.abspath(folder)))
    for number, line in enumerate(read_text(str(path), 'list', remedy).splitlines(), 1):
        if not line.strip():
            continue
        try:
            name, label = line.rsplit(maxsplit=1)
        except ValueError:
            raise InputError(
                f'line {number} of the list {path} has no label: {remedy}.'
            ) from None
        file = disk.find(name.strip(), number, and_frames=True)
        sample = rule(file.relative_to(disk.folder).with_suffix(''))
        result.names[sample.sample_id] = sample._replace(class_name=label, split=split)
        found.setdefault(sample.sample_id, []).append(file)
    if not found:
        raise InputError(f'the list {path} is empty: {remedy}.')
    result.add(found)
    return result


def read_table(path: Path) -> Table:
    """Read a CSV of pairs; its first line names the columns.

    ``label`` (a number or a class name) and one column of paths per modality
    are necessary, ``sample_id``, ``split`` and ``offset_<modality>`` (seconds)
    are not. Paths start at the folder of the CSV. An empty path means that the
    sample lacks this modality.

    Raises:
        InputError: The CSV cannot be read, or names files that are not there.
    """
    remedy = 'give a first line such as "label,rgb,ir" and one line per sample'
    reader = read_csv(path, remedy)
    columns = list(reader.fieldnames or ())
    modalities = [
        c
        for c in columns
        if c not in ('sample_id', 'label', 'split', '') and not c.startswith(_OFFSET)
    ]
    if 'label' not in columns or not modalities:
        raise InputError(
            f'the CSV {path} has the columns {", ".join(columns) or "(none)"}: '
            f'{remedy}.'
        )
    disk = _Disk(path.parent, f'CSV {path}')
    table = Table({m: Scan(disk.folder) for m in modalities})
    found: dict[str, dict[str, list[Path]]] = {m: {} for m in modalities}
    for row in reader:
        number = reader.line_num
        files = {
            m: disk.find(row[m].strip(), number)
            for m in modalities
            if (row[m] or '').strip()
        }
        if not files:
            raise InputError(f'line {number} of the CSV {path} has no path: {remedy}.')
        name = _name(row, files, disk.folder)
        for modality, file in files.items():
            found[modality].setdefault(name.sample_id, []).append(file)
            table.scans[modality].names[name.sample_id] = name
        offsets = _offsets(row, f'line {number} of the CSV {path}')
        if offsets:
            table.offsets[name.sample_id] = offsets
    if not any(found.values()):
        raise InputError(f'the CSV {path} has no line below its first one: {remedy}.')
    for modality, scan in table.scans.items():
        scan.add(found[modality])
    return table


def _name(row: Mapping[str, str], files: Mapping[str, Path], folder: Path) -> Name:
    """Name of a row; the first path gives the id where no column does."""
    modality, file = next(iter(files.items()))
    sample_id = (row.get('sample_id') or '').strip().replace('/', '_')
    relative = file.relative_to(folder) if folder in file.parents else Path(file.name)
    split = (row.get('split') or '').strip().lower()
    return Name(
        sample_id or path_rule(modality)(relative.with_suffix('')).sample_id,
        (row['label'] or '').strip() or None,
        SPLIT_FOLDERS.get(split),
    )


def _offsets(row: Mapping[str, str], where: str) -> dict[str, float]:
    """Modality → seconds, of the columns that are not empty."""
    offsets = {}
    for column, value in row.items():
        if column and column.startswith(_OFFSET) and (value or '').strip():
            try:
                seconds = float(value)
            except ValueError:
                seconds = math.nan
            if not math.isfinite(seconds):
                raise InputError(
                    f'{where} has {column} {value!r}: give a number of seconds.'
                )
            offsets[column.removeprefix(_OFFSET)] = seconds
    return offsets


class _Disk:
    """Finds listed files and says what is wrong with the path of one."""

    def __init__(self, folder: Path, what: str) -> None:
        self.folder = Path(osp.abspath(folder))
        self.what = what
        self._listings: dict[Path, dict[str, list[str]]] = {}

    def find(self, name: str, line: int, and_frames: bool = False) -> Path:
        """The file or folder that a line names.

        Raises:
            InputError: It is not there. The sentence says why, if the name has
                backslashes, another suffix, or the path starts elsewhere.
        """
        where = f'line {line} of the {self.what}'
        path = Path(osp.normpath(self.folder / name))
        if path.exists():
            return path
        if and_frames:  # "folder number_of_frames", the label is off already
            folder, _, frames = name.rpartition(' ')
            if frames.isdigit() and (self.folder / folder).is_dir():
                return Path(osp.normpath(self.folder / folder.strip()))
        if '\\' in name:
            raise InputError(
                f'{where} has backslashes in {name}: write paths with "/".'
            )
        others = self._same_stem(path)
        if others:
            raise InputError(
                f'{where} names {name}, but the folder holds {", ".join(others)}: '
                'correct the suffix.'
            )
        raise InputError(
            f'{where} names {name}, which is not in {self.folder}: correct the path, '
            'or give the folder that the paths start from.'
        )

    def _same_stem(self, path: Path) -> list[str]:
        """Files beside ``path`` that differ in their suffix or capitals."""
        if path.parent not in self._listings:
            by_stem: dict[str, list[str]] = {}
            for entry in os.listdir(path.parent) if path.parent.is_dir() else ():
                by_stem.setdefault(Path(entry).stem.lower(), []).append(entry)
            self._listings[path.parent] = by_stem
        return sorted(self._listings[path.parent].get(path.stem.lower(), ()))
