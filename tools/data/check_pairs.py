"""Check an annotation of pairs against the files that it names.

    python tools/data/check_pairs.py data/ntu60/annotations/xview_test.json \
        --against data/ntu60/annotations/xview_train.json --protocol xview

Every frame of every sample is read as the data set reads it. The exit code is 1 if
a training or a test on it would go wrong, 0 otherwise; warnings do not count. They
name gaps and uneven intervals between frames, recordings that start or end at
different times, and different aspect ratios.
"""

import argparse
import json
import re
import sys
from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from _pair_report import show

if TYPE_CHECKING:
    from mmbimodal.datasets.pair_check import SampleCheck

# what train and test must not share
FORBIDDEN = dict(xsub='subject', xview='camera', none=None)


def check_samples(
    annotation: dict,
    data_root: str,
    value_windows: dict[str, list[float]],
    workers: int | None,
) -> 'dict[str, SampleCheck]':
    """Sample id → what was found, every frame decoded."""
    from mmbimodal.datasets.annotation import offsets_of, resolve
    from mmbimodal.datasets.pair_check import check_sample, crashed
    from mmbimodal.datasets.process_pool import parallel_map

    metainfo, rows = annotation['metainfo'], annotation['data_list']
    samples = [
        dict(
            sample_id=row['sample_id'],
            files={
                m: resolve(data_root, row[m])
                for m in metainfo['modalities']
                if m in row
            },
            modalities=metainfo['modalities'],
            offsets=offsets_of(metainfo, row),
            value_windows=value_windows,
            **{key: row[key] for key in ('start', 'end') if key in row},
        )
        for row in rows
    ]
    checks = parallel_map(
        check_sample,
        samples,
        workers=workers,
        description='Checking samples',
        crashed=crashed,
    )
    return {row['sample_id']: check for row, check in zip(rows, checks)}


def sample_errors(annotation: dict, checks: 'dict[str, SampleCheck]') -> list[str]:
    """One line per file or sample that cannot be used."""
    errors = []
    for row in annotation['data_list']:
        sample_id, check = row['sample_id'], checks[row['sample_id']]
        errors += [
            f'{sample_id}: {row[m]} is {found.fault} ({found.detail})'
            for m, found in check.files.items()
            if found.fault
        ]
        if check.error:
            errors.append(f'{sample_id}: {check.error}')
    return errors


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


def _values(sample_ids: Collection[str], what: str) -> set:
    from mmbimodal.datasets.ntu_id import parse_ntu_id
    from mmbimodal.errors import InputError

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
    annotation: dict, checks: 'dict[str, SampleCheck]'
) -> dict[str, dict]:
    """Per modality: files, lowest, median and highest number of frames,
    frame rates and sizes."""
    table = {}
    for m in annotation['metainfo']['modalities']:
        files = [check.files[m] for check in checks.values() if m in check.files]
        sound = [found for found in files if not found.fault]
        frames = sorted(found.frames for found in sound) or [0]
        table[m] = dict(
            files=len(files),
            sound=len(sound),
            frames=[frames[0], frames[len(frames) // 2], frames[-1]],
            fps=sorted({round(found.fps, 3) for found in sound}),
            sizes=sorted({f'{found.width}x{found.height}' for found in sound}),
        )
    return table


def find_warnings(
    annotation: dict, checks: 'dict[str, SampleCheck]', classes: dict[str, int]
) -> list[str]:
    """What a training would take without complaint."""
    from mmbimodal.datasets.pair_check import warn

    warnings = [
        f'{sample_id}: {line}'
        for sample_id, check in checks.items()
        if not (check.error or any(found.fault for found in check.files.values()))
        for line in warn(check)
    ]
    warnings += [
        f'class {name} has no sample' for name, count in classes.items() if not count
    ]
    for m in annotation['metainfo']['modalities']:
        lacking = [row['sample_id'] for row in annotation['data_list'] if m not in row]
        if lacking:
            warnings.append(f'{len(lacking)} samples lack {m}, such as {lacking[0]}')
    return warnings


def check(args: argparse.Namespace) -> dict:
    """Everything that is to be said about an annotation."""
    from mmbimodal.datasets.annotation import load_annotation, read_annotation
    from mmbimodal.datasets.annotation_check import find_problems
    from mmbimodal.errors import InputError

    if args.protocol != 'none' and not args.against:
        raise InputError(
            f'--protocol {args.protocol} compares two splits: '
            'give the training annotation with --against.'
        )
    windows = _value_windows(args.value_window)
    annotation = load_annotation(str(args.ann))
    errors = list(find_problems(annotation))
    if errors:  # its rows cannot be trusted to name files
        return dict(errors=errors, warnings=[])
    # prepare.py writes into DATA_ROOT/annotations
    data_root = args.data_root or args.ann.absolute().parent.parent
    checks = check_samples(annotation, str(data_root), windows, args.workers)
    errors += sample_errors(annotation, checks)
    if args.against:
        errors += overlap_errors(
            annotation, read_annotation(str(args.against)), args.protocol
        )
    classes = class_counts(annotation)
    return dict(
        errors=errors,
        warnings=find_warnings(annotation, checks, classes),
        classes=classes,
        modalities=modality_table(annotation, checks),
    )


def _value_windows(words: Sequence[str]) -> dict[str, list[float]]:
    """``['ir=20000,30000']`` → modality → lowest and highest grey value."""
    from mmbimodal.errors import InputError

    windows = {}
    for word in words:
        match = re.fullmatch(r'([^=]+)=([-+.\d]+),([-+.\d]+)', word)
        if not match:
            raise InputError(
                f'--value-window {word} is not NAME=LOW,HIGH: write such as '
                'ir=20000,30000.'
            )
        windows[match[1]] = [float(match[2]), float(match[3])]
    return windows


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument('ann', type=Path, metavar='ANN', help='annotation to check')
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
    parser.add_argument(
        '--value-window',
        nargs='+',
        default=[],
        metavar='NAME=LOW,HIGH',
        help="value_windows of the config's data set, for 14- and 16-bit videos",
    )
    parser.add_argument('--workers', type=int, help='default: one per CPU')
    parser.add_argument(
        '--json', type=Path, metavar='FILE', help='write the report here too'
    )
    return parser.parse_args(argv)


def main(args: argparse.Namespace) -> int:
    from mmbimodal.datasets.annotation import write_text

    report = check(args)
    show(report)
    if args.json:
        write_text(
            str(args.json), json.dumps(report, indent=1, ensure_ascii=False) + '\n'
        )
    return 1 if report['errors'] else 0


if __name__ == '__main__':
    arguments = parse_args()
    from mmbimodal.errors import InputError

    try:
        sys.exit(main(arguments))
    except InputError as error:
        sys.exit(f'error: {error}')
