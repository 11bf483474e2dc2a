"""Which files belong together, and what became of each of them.

Files belong together because their names hold the same sample id, never
because they stand at the same place of two listings.
"""

import os
import os.path as osp
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from mmbimodal.errors import InputError

from .reencode import IMAGE_SUFFIXES
from .video_probe import VIDEO_SUFFIXES


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
class Pairing:
    """Which samples are complete, and what keeps the others out.

    Attributes:
        pairs: The samples that have one file of every modality.
        unpaired: Sample id → modalities that it lacks.
        left_out: Other reason → sample ids.
    """

    pairs: Pairs
    unpaired: dict[str, list[str]]
    left_out: dict[str, set[str]]


def pair(
    scans: dict[str, Scan],
    label_of: Callable[[str], int | None],
    exclude: Collection[str] = (),
) -> Pairing:
    """Match the files of the modalities by sample id.

    Args:
        scans: Modality → its files.
        label_of: Sample id → label; None if it is of no class.
        exclude: Ids of samples that are not wanted.
    """
    known = set().union(*(s.files for s in scans.values()))
    twice = set().union(*(s.duplicates for s in scans.values()))
    excluded = known & set(exclude)
    outside = {i for i in known - excluded if label_of(i) is None}
    left_out = {
        'with several files of a modality': twice,
        'excluded': excluded,
        'of no class': outside,
    }
    pairs, unpaired = {}, {}
    for i in sorted(known.difference(*left_out.values())):
        lacking = [m for m, s in scans.items() if i not in s.files]
        if lacking:
            unpaired[i] = lacking
        else:
            pairs[i] = {m: s.files[i] for m, s in scans.items()}
    return Pairing(pairs, unpaired, left_out)
