"""From folders of files to annotations: pair, probe, place, write, report."""

import json
import os.path as osp
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path

from mmbimodal.datasets.annotation import write_annotation, write_text
from mmbimodal.datasets.process_pool import parallel_map
from mmbimodal.datasets.video_probe import Probe, crashed, probe
from mmbimodal.errors import InputError

from .conversion import Reader, convert
from .leaks import add_leak_free, find_leaks
from .pairing import Pairs, Scan, pair
from .placing import place
from .report import Report
from .splits import SPLITS, Split


@dataclass
class Recipe:
    """What distinguishes one data set from another.

    Attributes:
        dataset: Its name.
        data_root: Annotated paths are relative to this folder.
        out: Folder of the annotations.
        classes: Class names in the order of the labels.
        label_of: Sample id → label; None if it is of no class.
        splits_of: Ids of usable samples → name of a fold → its split. A data
            set without folds has one, named ''.
        folders: Modality → folder in the data root for the files that are
            linked or encoded into it.
        prefix: Beginning of the names of the files in ``out``.
        official: 'train', 'test' or 'all' → number of samples of the
            complete data set.
        exclude: Ids of samples that are not wanted.
        known_broken: Ids of samples that are broken in the release.
        offsets: Sample id → modality → start in seconds; see
            :mod:`mmbimodal.datasets.annotation`.
        common_offsets: Modality → start in seconds, in all samples.
        allow_missing: Annotate samples that lack a modality too.
        record_split: Write the split to ``split.txt``, because it was drawn.
        readers: Modality → reader of its released files, of which compact ones are
            written into its folder of ``folders``.
        leak_free: Also divide without the samples that both sides of a split have;
            see :func:`~mmbimodal.datasets.preparation.leaks.add_leak_free`.
    """

    dataset: str
    data_root: Path
    out: Path
    classes: list[str]
    label_of: Callable[[str], int | None]
    splits_of: Callable[[Sequence[str]], dict[str, Split]]
    folders: dict[str, str]
    prefix: str = ''
    official: dict[str, int] = field(default_factory=dict)
    exclude: Collection[str] = ()
    known_broken: Collection[str] = ()
    offsets: Mapping[str, dict[str, float]] = field(default_factory=dict)
    common_offsets: Mapping[str, float] = field(default_factory=dict)
    allow_missing: bool = False
    record_split: bool = False
    readers: Mapping[str, Reader] = field(default_factory=dict)
    leak_free: bool = False

    def __post_init__(self) -> None:
        self.data_root = Path(osp.abspath(self.data_root))

    def file(self, name: str) -> str:
        """Path of an output."""
        return str(self.out / f'{self.prefix}{name}')


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
    pairing = pair(scans, recipe.label_of, recipe.exclude, recipe.allow_missing)
    report.unpaired = pairing.unpaired
    for reason, ids in pairing.left_out.items():
        report.leave_out(reason, ids)
    if short_side and check == 'decode':
        check = 'open'  # re-encoding decodes every frame itself
    probes = _probe_all(pairing.pairs, recipe.readers, check, workers)
    pairs = report.drop_faulty(pairing.pairs, probes)
    converted = convert(
        pairs, recipe.readers, recipe.data_root, recipe.folders, workers
    )
    report.odd = converted.odd
    sound = report.drop_faulty(pairs, converted.probes)
    pairs = {i: converted.pairs[i] for i in sound}
    placed, faults = place(
        pairs, scans, recipe.data_root, recipe.folders, short_side, workers
    )
    probes = {
        source: Probe(fault='undecodable', detail=fault)
        for source, fault in faults.items()
    }
    sound = report.drop_faulty(pairs, probes)
    pairs = {i: placed[i] for i in sound}
    splits = recipe.splits_of(sorted(pairs))
    _warn_of_leaks(splits, converted.identical, report)
    if recipe.leak_free:
        splits = add_leak_free(splits, converted.identical)
    rows = _rows(pairs, splits, recipe, report)
    _warn(recipe, report)
    report.describe(scans)
    write_text(
        recipe.file('report.json'),
        json.dumps(asdict(report), indent=1, ensure_ascii=False) + '\n',
    )
    report.show()
    _write(rows, recipe, list(scans))
    if recipe.record_split:
        lines = (f'{i} {name}\n' for i, name in sorted(splits[''].items()))
        write_text(recipe.file('split.txt'), ''.join(lines))
    return report


def _rows(
    pairs: Pairs, splits: dict[str, Split], recipe: Recipe, report: Report
) -> dict[str, list[dict]]:
    """Name of an annotation, such as 'train' or 'fold0_test' → its rows."""
    named = set().union(*splits.values())
    report.leave_out('in no split', set(pairs) - named)
    report.leave_out('in a split, not usable', named - set(pairs))
    rows = {
        f'{fold}{name}': [
            _row(recipe, i, files) for i, files in pairs.items() if split.get(i) == name
        ]
        for fold, split in splits.items()
        for name in SPLITS
    }
    report.split_sizes = {name: len(found) for name, found in rows.items()}
    return rows


def _write(
    rows: dict[str, list[dict]], recipe: Recipe, modalities: Sequence[str]
) -> None:
    """Write the annotations, all of them or none."""
    for name, found in rows.items():
        if not found:
            raise InputError(
                f'no usable sample is left for the {name} split of '
                f'{recipe.data_root}: see {recipe.file("report.json")} for '
                'what became of each file.'
            )
    for name, found in rows.items():
        write_annotation(
            recipe.file(f'{name}.json'),
            dataset=recipe.dataset,
            split=f'{recipe.prefix}{name}',
            classes=recipe.classes,
            modalities=modalities,
            data_list=found,
            offsets=recipe.common_offsets,
        )
    write_text(str(recipe.out / 'label_map.txt'), '\n'.join(recipe.classes) + '\n')


def _row(recipe: Recipe, sample_id: str, files: dict[str, Path]) -> dict:
    paths = {
        modality: path.relative_to(recipe.data_root).as_posix()
        for modality, path in files.items()
    }
    row = dict(sample_id=sample_id, label=recipe.label_of(sample_id), **paths)
    offsets = {
        modality: seconds
        for modality, seconds in recipe.offsets.get(sample_id, {}).items()
        if modality in files
    }
    return dict(row, offsets=offsets) if offsets else row


def _warn(recipe: Recipe, report: Report) -> None:
    """Add warnings to the report, each with its numbers or names."""
    sizes = dict(report.split_sizes, all=sum(report.split_sizes.values()))
    for name, official in recipe.official.items():
        if name in sizes and sizes[name] != official:
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


def _warn_of_leaks(
    splits: dict[str, Split], identical: list[list[str]], report: Report
) -> None:
    """Say which test samples are copies of training samples."""
    report.identical = identical
    for fold, split in splits.items():
        leaks = find_leaks(split, identical)
        copies = sorted(i for i, name in leaks.items() if name == 'test')
        if copies:
            group = next(group for group in identical if copies[0] in group)
            report.warnings.append(
                f'{len(copies)} samples of {fold}test are identical to samples of '
                f'{fold}train, such as {" = ".join(group)}'
            )


def _probe_all(
    pairs: Pairs, converted: Collection[str], check: str, workers: int | None
) -> dict[str, Probe]:
    """Path → probe; what is converted is looked into then."""
    paths = [
        str(path)
        for row in pairs.values()
        for modality, path in row.items()
        if modality not in converted
    ]
    probes = parallel_map(
        partial(probe, check=check),
        paths,
        workers=workers,
        description='Checking files',
        crashed=crashed,
    )
    return dict(zip(paths, probes))
