"""From folders of files to annotations: pair, probe, place, write, report."""

import argparse
import json
import os.path as osp
import shutil
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path

from mmbimodal.errors import InputError

from .annotation import write_annotation, write_text
from .pairing import Pairs, Scan, pair
from .process_pool import parallel_map
from .reencode import reencode
from .report import Report
from .video_probe import VIDEO_SUFFIXES, Probe, crashed, probe

SPLITS = ('train', 'test')


@dataclass
class Recipe:
    """What distinguishes one data set from another.

    Attributes:
        dataset: Its name.
        data_root: Annotated paths are relative to this folder.
        out: Folder of the annotations.
        classes: Class names in the order of the labels.
        label_of: Sample id → label; None if it is of no class.
        split_of: Ids of usable samples → id → 'train' | 'test'.
        folders: Modality → folder in the data root for the files that are
            linked or encoded into it.
        prefix: Beginning of the names of the files in ``out``.
        official: 'train', 'test' or 'all' → number of samples of the
            complete data set.
        exclude: Ids of samples that are not wanted.
        known_broken: Ids of samples that are broken in the release.
    """

    dataset: str
    data_root: Path
    out: Path
    classes: list[str]
    label_of: Callable[[str], int | None]
    split_of: Callable[[Sequence[str]], dict[str, str]]
    folders: dict[str, str]
    prefix: str = ''
    official: dict[str, int] = field(default_factory=dict)
    exclude: Collection[str] = ()
    known_broken: Collection[str] = ()

    def __post_init__(self) -> None:
        self.data_root = Path(osp.abspath(self.data_root))

    def file(self, name: str) -> str:
        """Path of an output."""
        return str(self.out / f'{self.prefix}{name}')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of :func:`prepare` that every data set's tool has.

    Args:
        parser (argparse.ArgumentParser): Gets ``--check``, ``--reencode``
            and ``--workers``; the help's lines are as they are to be shown.
    """
    parser.add_argument(
        '--check',
        choices=['decode', 'open', 'none'],
        default='decode',
        help='decode every frame, read the headers, or only see that the\n'
        'files are not empty',
    )
    parser.add_argument(
        '--reencode',
        type=int,
        metavar='SHORT_SIDE',
        help='also write smaller videos (340 is usual) and annotate these;\n'
        'can be interrupted and started again',
    )
    parser.add_argument('--workers', type=int, help='default: one per CPU')


def prepare(
    recipe: Recipe,
    scans: dict[str, Scan],
    check: str = 'decode',
    short_side: int | None = None,
    workers: int | None = None,
) -> Report:
    """Pair, probe, bring into the data root, and annotate what is usable.

    Writes ``{train,test,report}.json`` (each with the recipe's prefix) and
    ``label_map.txt`` into the recipe's ``out``, and prints the report.

    Args:
        recipe (Recipe): The facts of the data set.
        scans: Modality → its files.
        check (str): See :func:`mmbimodal.datasets.video_probe.probe`.
        short_side (int, optional): Re-encode the videos to this short side.
        workers (int, optional): Number of processes; None: one per CPU.

    Raises:
        InputError: If a split is left without a sample. The report is
            written even so, the annotations are not.
    """
    report = Report(recipe.dataset, official_sizes=dict(recipe.official))
    pairing = pair(scans, recipe.label_of, recipe.exclude)
    report.unpaired = pairing.unpaired
    for reason, ids in pairing.left_out.items():
        report.leave_out(reason, ids)
    if short_side and check == 'decode':
        check = 'open'  # re-encoding decodes every frame itself
    probes = _probe_all(pairing.pairs, check, workers)
    pairs = report.drop_faulty(pairing.pairs, probes)
    pairs = _place(pairs, recipe, report, short_side, workers)
    rows = _split(pairs, recipe, report)
    _warn(recipe, report)
    report.describe(scans)
    write_text(
        recipe.file('report.json'),
        json.dumps(asdict(report), indent=1, ensure_ascii=False) + '\n',
    )
    report.show()
    _write(rows, recipe, list(scans))
    return report


def _split(pairs: Pairs, recipe: Recipe, report: Report) -> dict[str, list[dict]]:
    """Split → annotation rows."""
    split = recipe.split_of(sorted(pairs))
    report.leave_out('in no split', set(pairs) - set(split))
    report.leave_out('in a split, not usable', set(split) - set(pairs))
    rows = {
        name: [_row(recipe, i, pairs[i]) for i in pairs if split.get(i) == name]
        for name in SPLITS
    }
    report.split_sizes = {name: len(rows[name]) for name in SPLITS}
    return rows


def _write(
    rows: dict[str, list[dict]], recipe: Recipe, modalities: Sequence[str]
) -> None:
    """Write the annotations, all of them or none."""
    for name in SPLITS:
        if not rows[name]:
            raise InputError(
                f'no usable sample is left for the {name} split of '
                f'{recipe.data_root}: see {recipe.file("report.json")} for '
                'what became of each file.'
            )
    for name in SPLITS:
        write_annotation(
            recipe.file(f'{name}.json'),
            dataset=recipe.dataset,
            split=f'{recipe.prefix}{name}',
            classes=recipe.classes,
            modalities=modalities,
            data_list=rows[name],
        )
    write_text(str(recipe.out / 'label_map.txt'), '\n'.join(recipe.classes) + '\n')


def _row(recipe: Recipe, sample_id: str, files: dict[str, Path]) -> dict:
    paths = {
        modality: path.relative_to(recipe.data_root).as_posix()
        for modality, path in files.items()
    }
    return dict(sample_id=sample_id, label=recipe.label_of(sample_id), **paths)


def _warn(recipe: Recipe, report: Report) -> None:
    """Add warnings to the report, each with its numbers or names."""
    sizes = dict(report.split_sizes, all=sum(report.split_sizes.values()))
    for name, official in recipe.official.items():
        if sizes[name] != official:
            report.warnings.append(
                f'{name} has {sizes[name]} samples, the '
                f'complete {recipe.dataset} {official}'
            )
    broken = {entry['sample_id'] for entry in report.faults}
    known = sorted(broken & set(recipe.known_broken))
    if known:
        report.warnings.append(
            f'left out, and known to be broken in the release: {", ".join(known)}'
        )


def _probe_all(pairs: Pairs, check: str, workers: int | None) -> dict[str, Probe]:
    """Path → probe; folders of frames are looked into as they are encoded."""
    paths = [
        str(path)
        for row in pairs.values()
        for path in row.values()
        if not path.is_dir()
    ]
    probes = parallel_map(
        partial(probe, check=check),
        paths,
        workers=workers,
        description='Checking files',
        crashed=crashed,
    )
    return dict(zip(paths, probes))


def _place(
    pairs: Pairs,
    recipe: Recipe,
    report: Report,
    short_side: int | None,
    workers: int | None,
) -> Pairs:
    """Bring every file into the data root: encoded, linked, or as it is."""
    root = recipe.data_root
    placed: Pairs = {i: dict(row) for i, row in pairs.items()}
    jobs = []
    for i, row in pairs.items():
        for modality, source in row.items():
            folder = root / recipe.folders[modality]
            is_video = source.suffix.lower() in VIDEO_SUFFIXES
            if source.is_dir() or (short_side and is_video):
                # Never beside the sources, or the next scan finds both.
                folder = folder.with_name(f'{folder.name}_{short_side or "video"}')
                stem = source.name if source.is_dir() else source.stem
                placed[i][modality] = folder / f'{stem}.avi'
                jobs.append((str(source), str(placed[i][modality])))
            elif root not in source.parents:
                placed[i][modality] = folder / source.name
                _link(source, placed[i][modality])
    if jobs:
        faults = reencode(jobs, short_side, workers)
        probes = {
            source: Probe(fault='undecodable', detail=fault)
            for source, fault in faults.items()
        }
        sound = report.drop_faulty(pairs, probes)
        placed = {i: placed[i] for i in sound}
    return placed


def _link(source: Path, target: Path) -> None:
    """Link a file into the data root, or copy it where links do not work."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists() and target.samefile(source):
        return
    if target.is_symlink():  # of an earlier run, out of date
        target.unlink()
    if not target.exists():
        try:
            target.symlink_to(source)
        except OSError:
            shutil.copy2(source, target)
    elif target.stat().st_size != source.stat().st_size:
        raise InputError(
            f'{target} is in the way of {source}: move it away '
            'or give another data root.'
        )
