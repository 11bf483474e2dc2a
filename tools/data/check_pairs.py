"""Check an annotation of pairs against the files that it names.

    python tools/data/check_pairs.py data/ntu60/annotations/xview_test.json \
        --against data/ntu60/annotations/xview_train.json --protocol xview

Exit code 1 if a training or a test on it would go wrong, 0 otherwise;
warnings do not count.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.table import Table

from mmbimodal.datasets.annotation import (
    load_annotation,
    read_annotation,
    resolve,
    write_text,
)
from mmbimodal.datasets.annotation_check import find_problems
from mmbimodal.datasets.ntu_id import parse_ntu_id
from mmbimodal.datasets.process_pool import parallel_map
from mmbimodal.datasets.video_probe import Probe, crashed, probe
from mmbimodal.errors import InputError

MAX_DIFFERENCE = 0.2
"""Durations of a pair may differ by this share of the longer one."""

# what train and test must not share
FORBIDDEN = dict(xsub='subject', xview='camera', none=None)


def check_files(
    annotation: dict, data_root: str, workers: int | None
) -> dict[str, dict[str, Probe]]:
    """Sample id → modality → probe, every frame decoded."""
    modalities = annotation['metainfo']['modalities']
    files = [
        (row['sample_id'], m, resolve(data_root, row[m]))
        for row in annotation['data_list']
        for m in modalities
        if m in row
    ]
    probes = parallel_map(
        partial(probe, check='decode'),
        [path for _, _, path in files],
        workers=workers,
        description='Decoding',
        crashed=crashed,
    )
    found: dict[str, dict[str, Probe]] = {}
    for (sample_id, modality, _), result in zip(files, probes):
        found.setdefault(sample_id, {})[modality] = result
    return found


def file_errors(annotation: dict, probes: dict[str, dict[str, Probe]]) -> list[str]:
    """One line per file that cannot be used."""
    return [
        f'{row["sample_id"]}: {row[m]} is {found.fault} ({found.detail})'
        for row in annotation['data_list']
        for m, found in probes[row['sample_id']].items()
        if found.fault
    ]


def duration_warnings(probes: dict[str, dict[str, Probe]]) -> list[str]:
    """One line per pair whose durations are too different.

    Files without a frame rate (skeletons) are compared by frames instead.
    """
    warnings = []
    for sample_id, row in probes.items():
        sound = {m: p for m, p in row.items() if not p.fault}
        timed = all(p.fps > 0 for p in sound.values())
        lengths = {m: p.frames / p.fps if timed else p.frames for m, p in sound.items()}
        if lengths and min(lengths.values()) < (1 - MAX_DIFFERENCE) * max(
            lengths.values()
        ):
            unit = 's' if timed else 'frames'
            warnings.append(
                f'{sample_id}: lengths differ: '
                + ', '.join(f'{m} {length:.4g} {unit}' for m, length in lengths.items())
            )
    return warnings


def overlap_errors(annotation: dict, other: dict, protocol: str) -> list[str]:
    """What the two splits share and must not.

    Raises:
        InputError: If the protocol needs NTU ids and there are others.
    """
    ids, other_ids = (
        {row['sample_id'] for row in a['data_list']} for a in (annotation, other)
    )
    errors = []
    if annotation['metainfo']['classes'] != other['metainfo']['classes']:
        errors.append('the classes differ from those of --against')
    if ids & other_ids:
        errors.append(
            f'{len(ids & other_ids)} samples are also in --against, '
            f'such as {min(ids & other_ids)}'
        )
    what = FORBIDDEN[protocol]
    if what:
        shared = sorted(_values(ids, what) & _values(other_ids, what))
        if shared:
            errors.append(
                f'protocol {protocol}: {what} '
                f'{", ".join(map(str, shared))} also in --against'
            )
    return errors


def _values(sample_ids: Sequence[str], what: str) -> set:
    for sample_id in sample_ids:
        if parse_ntu_id(sample_id) is None:
            raise InputError(
                f'the {what} of {sample_id} is not known: '
                '--protocol needs ids such as '
                'S001C001P001R001A001, else use none.'
            )
    return {getattr(parse_ntu_id(i), what) for i in sample_ids}


def class_counts(annotation: dict) -> dict[str, int]:
    """Class name → number of samples."""
    labels = Counter(row['label'] for row in annotation['data_list'])
    classes = annotation['metainfo']['classes']
    return {name: labels[label] for label, name in enumerate(classes)}


def modality_table(
    annotation: dict, probes: dict[str, dict[str, Probe]]
) -> dict[str, dict]:
    """Per modality: files, lowest, median and highest number of frames,
    frame rates and sizes."""
    table = {}
    for m in annotation['metainfo']['modalities']:
        sound = [row[m] for row in probes.values() if m in row and not row[m].fault]
        frames = sorted(p.frames for p in sound) or [0]
        table[m] = dict(
            files=sum(m in row for row in probes.values()),
            sound=len(sound),
            frames=[frames[0], frames[len(frames) // 2], frames[-1]],
            fps=sorted({round(p.fps, 3) for p in sound}),
            sizes=sorted({f'{p.width}x{p.height}' for p in sound}),
        )
    return table


def show(report: dict) -> None:
    console = Console()
    if 'modalities' in report:
        table = Table('modality', 'files', 'sound', 'frames', 'fps', 'sizes')
        for name, row in report['modalities'].items():
            table.add_row(
                name,
                str(row['files']),
                str(row['sound']),
                '/'.join(map(str, row['frames'])),
                *(', '.join(map(str, row[key][:4])) for key in ('fps', 'sizes')),
            )
        console.print(table)
        total = sum(report['classes'].values())
        table = Table('label', 'class', 'samples', 'share')
        for label, (name, count) in enumerate(report['classes'].items()):
            table.add_row(str(label), name, str(count), f'{count / total:.1%}')
        console.print(table)
    for kind, style in (('warnings', 'yellow'), ('errors', 'red')):
        for line in report[kind]:
            console.print(
                f'{kind[:-1]}: {line}',
                style=style,
                markup=False,
                highlight=False,
                soft_wrap=True,
            )
    console.print(f'{len(report["errors"])} errors, {len(report["warnings"])} warnings')


def check(args: argparse.Namespace) -> dict:
    """Everything that is to be said about an annotation."""
    if args.protocol != 'none' and not args.against:
        raise InputError(
            f'--protocol {args.protocol} compares two splits: '
            'give the training annotation with --against.'
        )
    annotation = load_annotation(str(args.ann))
    errors = list(find_problems(annotation))
    if errors:  # its rows cannot be trusted to name files
        return dict(errors=errors, warnings=[])
    # prepare.py writes into DATA_ROOT/annotations
    data_root = args.data_root or args.ann.absolute().parent.parent
    probes = check_files(annotation, str(data_root), args.workers)
    errors += file_errors(annotation, probes)
    if args.against:
        errors += overlap_errors(
            annotation, read_annotation(str(args.against)), args.protocol
        )
    classes = class_counts(annotation)
    warnings = duration_warnings(probes)
    warnings += [
        f'class {name} has no sample' for name, count in classes.items() if not count
    ]
    for m in annotation['metainfo']['modalities']:
        lacking = [i for i, row in probes.items() if m not in row]
        if lacking:
            warnings.append(f'{len(lacking)} samples lack {m}, such as {lacking[0]}')
    return dict(
        errors=errors,
        warnings=warnings,
        classes=classes,
        modalities=modality_table(annotation, probes),
    )


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument('ann', type=Path, metavar='ANN')
    parser.add_argument(
        '--data-root',
        type=Path,
        metavar='DIR',
        help='default: the folder above that of ANN',
    )
    parser.add_argument(
        '--against',
        type=Path,
        metavar='TRAIN_ANN',
        help='another split, with which ANN must share no sample',
    )
    parser.add_argument(
        '--protocol',
        choices=list(FORBIDDEN),
        default='none',
        help='share no subject or no camera with --against either',
    )
    parser.add_argument('--workers', type=int, help='default: one per CPU')
    parser.add_argument(
        '--json', type=Path, metavar='FILE', help='write the report here too'
    )
    return parser.parse_args(argv)


def main(args: argparse.Namespace) -> int:
    report = check(args)
    show(report)
    if args.json:
        write_text(
            str(args.json), json.dumps(report, indent=1, ensure_ascii=False) + '\n'
        )
    return 1 if report['errors'] else 0


if __name__ == '__main__':
    try:
        sys.exit(main(parse_args()))
    except InputError as error:
        sys.exit(f'error: {error}')
