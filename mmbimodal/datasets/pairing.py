"""Which files belong together, and what became of each of them.

Files belong together because their names hold the same sample id, never
because they stand at the same place of two listings.
"""

import os
import os.path as osp
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import (
    NamedTuple,
)

from rich.console import Console
from rich.table import Table

from mmbimodal.errors import InputError

from .reencode import IMAGE_SUFFIXES
from .video_probe import VIDEO_SUFFIXES, Probe


class NTUId(NamedTuple):
    """The fields of an NTU RGB+D sample id; they count from 1."""

    setup: int
    camera: int
    subject: int
    replication: int
    action: int


_NTU_ID = re.compile(r'S(\d{3})C(\d{3})P(\d{3})R(\d{3})A(\d{3})')


def parse_ntu_id(sample_id: str) -> NTUId | None:
    """``'S001C002P003R002A013'`` as numbers; None if it is no such id."""
    match = _NTU_ID.fullmatch(sample_id)
    return match and NTUId(*map(int, match.groups()))


@dataclass
class Scan:
    """The files of one modality.

    Attributes:
        folder: Where they were looked for.
        files: Sample id → file, or folder of frames.
        duplicates: Sample id → all files that claim it; none of them is used,
            since nothing says which is right.
        strays: Files of the right kind whose names hold no sample id.
    """

    folder: Path
    files: dict[str, Path] = field(default_factory=dict)
    duplicates: dict[str, list[Path]] = field(default_factory=dict)
    strays: list[Path] = field(default_factory=list)


def scan(
    folder: Path,
    id_of: Callable[[str], str | None],
    suffixes: Collection[str] = VIDEO_SUFFIXES,
    frame_folders: bool = False,
) -> Scan:
    """Find the files of one modality, in sub-folders too.

    Args:
        folder (Path): The folder; links are followed.
        id_of: Gives the sample id of a file's stem, or None.
        suffixes: What the names of its files end with, in lower case.
        frame_folders (bool): Whether a folder that holds images is a sample.

    Raises:
        InputError: If there is no such folder or it holds no sample.
    """
    folder = Path(osp.abspath(folder))
    if not folder.is_dir():
        raise InputError(
            f'there is no folder {folder}: unpack the data set '
            'there or give its place on the command line.'
        )
    found: dict[str, list[Path]] = {}
    result = Scan(folder)
    for path in _candidates(folder, suffixes, frame_folders):
        sample_id = id_of(path.name if path.is_dir() else path.stem)
        if sample_id is None:
            result.strays.append(path)
        else:
            found.setdefault(sample_id, []).append(path)
    for sample_id, paths in found.items():
        if len(paths) == 1:
            result.files[sample_id] = paths[0]
        else:
            result.duplicates[sample_id] = paths
    if not found:
        raise InputError(
            f'none of the {len(result.strays)} files in {folder} has a sample '
            'id as its name: unpack the data set there as it was released.'
        )
    return result


def _candidates(
    folder: Path, suffixes: Collection[str], frame_folders: bool
) -> Iterator[Path]:
    for parent, children, names in os.walk(folder, followlinks=True):
        children[:] = sorted(c for c in children if not c.startswith('.'))
        # Hidden: macOS's "._" twins and half-written re-encodings.
        names = [Path(name) for name in names if not name.startswith('.')]
        if frame_folders and any(n.suffix.lower() in IMAGE_SUFFIXES for n in names):
            yield Path(parent)
        for name in sorted(names):
            if name.suffix.lower() in suffixes:
                yield Path(parent, name)


Pairs = dict[str, dict[str, Path]]
"""Sample id → modality → file."""


@dataclass
class Report:
    """What became of every file; written as JSON, shown as a table.

    Attributes:
        dataset: Name of the data set.
        split_sizes: Split → number of samples in its annotation.
        official_sizes: The same of the complete data set, where known.
        modalities: Modality → folder, counts, and stray files.
        unpaired: Sample id → modalities that it lacks.
        faults: One entry per unusable file: ``sample_id``, ``modality``,
            ``path``, ``fault`` and ``detail`` of its probe.
        left_out: Other reason → sample ids.
        warnings: Sentences for the terminal.
    """

    dataset: str
    split_sizes: dict[str, int] = field(default_factory=dict)
    official_sizes: dict[str, int] = field(default_factory=dict)
    modalities: dict[str, dict] = field(default_factory=dict)
    unpaired: dict[str, list[str]] = field(default_factory=dict)
    faults: list[dict[str, str]] = field(default_factory=list)
    left_out: dict[str, list[str]] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    def leave_out(self, reason: str, sample_ids: Iterable[str]) -> None:
        """Note samples that are in no annotation."""
        if sample_ids:
            self.left_out[reason] = sorted(sample_ids)

    def drop_faulty(self, pairs: Pairs, probes: dict[str, Probe]) -> Pairs:
        """Note the unusable files and return the samples without any.

        Args:
            pairs: The samples.
            probes: Path → what was found there; a path may be absent.
        """
        bad = set()
        for sample_id, row in pairs.items():
            for modality, path in row.items():
                found = probes.get(str(path), Probe())
                if found.fault:
                    bad.add(sample_id)
                    self.faults.append(
                        dict(
                            sample_id=sample_id,
                            modality=modality,
                            path=str(path),
                            fault=found.fault,
                            detail=found.detail,
                        )
                    )
        return {i: row for i, row in pairs.items() if i not in bad}

    def describe(self, scans: dict[str, Scan]) -> None:
        """Count, per modality, what the other attributes list."""
        for modality, found in scans.items():
            faults = [f['fault'] for f in self.faults if f['modality'] == modality]
            self.modalities[modality] = {
                'folder': str(found.folder),
                'files': len(found.files),
                'unpaired': sum(i in found.files for i in self.unpaired),
                'empty': faults.count('empty'),
                'broken': len(faults) - faults.count('empty'),
                'duplicates': {
                    i: [str(path) for path in paths]
                    for i, paths in found.duplicates.items()
                },
                'strays': [str(path) for path in found.strays],
            }

    def show(self) -> None:
        """Print tables and warnings."""
        console = Console()
        table = Table(title=f'{self.dataset}: files')
        table.add_column('modality')
        for column in ('files', 'unpaired', 'empty', 'broken', 'twice', 'no id'):
            table.add_column(column, justify='right')
        for modality, row in self.modalities.items():
            counts = [row[k] for k in ('files', 'unpaired', 'empty', 'broken')]
            counts += [len(row['duplicates']), len(row['strays'])]
            table.add_row(modality, *map(str, counts))
        console.print(table)
        table = Table(title=f'{self.dataset}: samples')
        for column in ('samples', 'number', 'such as'):
            table.add_column(column, overflow='fold')
        for split, size in self.split_sizes.items():
            table.add_row(f'in {split}', str(size), '')
        lacking: dict[str, list[str]] = {}
        for sample_id, modalities in self.unpaired.items():
            lacking.setdefault(f'without {" and ".join(modalities)}', []).append(
                sample_id
            )
        for entry in self.faults:
            name = f'{entry["modality"]} {entry["fault"]}'
            lacking.setdefault(name, []).append(entry['sample_id'])
        for reason, ids in {**lacking, **self.left_out}.items():
            table.add_row(reason, str(len(ids)), ', '.join(ids[:3]))
        console.print(table)
        for warning in self.warnings:
            console.print(
                f'warning: {warning}', style='yellow', soft_wrap=True, markup=False
            )


def pair(
    scans: dict[str, Scan],
    report: Report,
    label_of: Callable[[str], int | None],
    exclude: Collection[str] = (),
) -> Pairs:
    """The samples that have one file of every modality.

    Args:
        scans: Modality → its files.
        report: Takes down the samples that are left out.
        label_of: Sample id → label; None if it is of no class.
        exclude: Ids of samples that are not wanted.
    """
    known = set().union(*(s.files for s in scans.values()))
    twice = set().union(*(s.duplicates for s in scans.values()))
    excluded = known & set(exclude)
    outside = {i for i in known - excluded if label_of(i) is None}
    report.leave_out('with several files of a modality', twice)
    report.leave_out('excluded', excluded)
    report.leave_out('of no class', outside)
    pairs = {}
    for i in sorted(known - twice - excluded - outside):
        lacking = [m for m, s in scans.items() if i not in s.files]
        if lacking:
            report.unpaired[i] = lacking
        else:
            pairs[i] = {m: s.files[i] for m, s in scans.items()}
    return pairs
