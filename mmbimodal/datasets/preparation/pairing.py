"""Which files belong together, and what became of each of them.

Files belong together because their names hold the same sample id, never
because they stand at the same place of two listings.
"""

import os
import os.path as osp
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from mmbimodal.datasets.image_folder import IMAGE_SUFFIXES
from mmbimodal.datasets.video_probe import VIDEO_SUFFIXES
from mmbimodal.errors import InputError

from .naming import Name, Rule


@dataclass
class Scan:
    """The files of one modality.

    Attributes:
        folder: Where they were looked for.
        files: Sample id → file, or folder of frames.
        names: Sample id → what the path of its file says.
        duplicates: Sample id → all files that claim it; none of them is used,
            since nothing says which is right.
        strays: Files of the right kind whose names hold no sample id.
    """

    folder: Path
    files: dict[str, Path] = field(default_factory=dict)
    names: dict[str, Name] = field(default_factory=dict)
    duplicates: dict[str, list[Path]] = field(default_factory=dict)
    strays: list[Path] = field(default_factory=list)

    def add(self, found: dict[str, list[Path]]) -> None:
        """Take in the files of each sample id."""
        for sample_id, paths in found.items():
            paths = [*self.duplicates.get(sample_id, ()), *paths]
            if sample_id in self.files:
                paths.insert(0, self.files.pop(sample_id))
            if len(paths) == 1:
                self.files[sample_id] = paths[0]
            else:
                self.duplicates[sample_id] = paths

    def merge(self, other: 'Scan') -> None:
        """Take in the files of another list of the same folder."""
        self.add({i: [path] for i, path in other.files.items()})
        self.add(other.duplicates)
        self.names.update(other.names)


def scan(
    folder: Path,
    rule: Rule,
    suffixes: Collection[str] = VIDEO_SUFFIXES,
    frame_folders: bool = False,
    remedy: str = 'unpack the data set there as it was released',
) -> Scan:
    """Find the files of one modality, in sub-folders too.

    Args:
        folder (Path): The folder; links are followed.
        rule: Gives the name of a path, or None.
        suffixes: What the names of its files end with, in lower case.
        frame_folders (bool): Whether a folder that holds images is a sample.
        remedy (str): What to do if no file has a name, for the message.

    Raises:
        InputError: If there is no such folder or it holds no sample.
    """
    folder = Path(osp.abspath(osp.expanduser(folder)))
    if not folder.is_dir():
        raise InputError(
            f'there is no folder {folder}: unpack the data set '
            'there or give its place on the command line.'
        )
    found: dict[str, list[Path]] = {}
    result = Scan(folder)
    for path in _candidates(folder, suffixes, frame_folders):
        relative = path.relative_to(folder)
        name = rule(relative if path.is_dir() else relative.with_suffix(''))
        if name is None:
            result.strays.append(path)
        else:
            found.setdefault(name.sample_id, []).append(path)
            result.names[name.sample_id] = name
    if not found and not result.strays:
        raise InputError(
            f'the folder {folder} holds no file with a suffix of '
            f'{", ".join(sorted(suffixes))}{_others(folder)}.'
        )
    if not found:
        raise InputError(
            f'none of the {len(result.strays)} files in {folder}, such as '
            f'{result.strays[0].name}, has a sample id as its name: {remedy}.'
        )
    result.add(found)
    return result


def _others(folder: Path) -> str:
    """The suffix of most other files, with what makes a video of them."""
    suffixes = Counter(p.suffix for p in folder.rglob('*.*') if p.is_file())
    if not suffixes:
        return ': give the folder of the files'
    suffix, count = suffixes.most_common(1)[0]
    return (
        f' but {count} with {suffix}: give another folder, or convert them '
        f'(ffmpeg -i FILE{suffix} FILE.mp4)'
    )


def _candidates(
    folder: Path, suffixes: Collection[str], frame_folders: bool
) -> Iterator[Path]:
    for parent, children, entries in os.walk(folder, followlinks=True):
        children[:] = sorted(c for c in children if not c.startswith('.'))
        # Hidden: macOS's "._" twins and half-written re-encodings.
        files = [Path(parent, name) for name in entries if not name.startswith('.')]
        if frame_folders and any(f.suffix.lower() in IMAGE_SUFFIXES for f in files):
            yield Path(parent)
        for file in sorted(files):
            if file.suffix.lower() in suffixes:
                yield file


Pairs = dict[str, dict[str, Path]]
"""Sample id → modality → file."""


@dataclass
class Pairing:
    """Which samples are complete, and what keeps the others out.

    Attributes:
        pairs: The samples to use.
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
    allow_missing: bool = False,
) -> Pairing:
    """Match the files of the modalities by sample id.

    Args:
        scans: Modality → its files.
        label_of: Sample id → label; None if it is of no class.
        exclude: Ids of samples that are not wanted.
        allow_missing: Use samples that lack a modality too.
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
        if not lacking or allow_missing:
            pairs[i] = {m: s.files[i] for m, s in scans.items() if i in s.files}
    return Pairing(pairs, unpaired, left_out)
