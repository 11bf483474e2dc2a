"""Annotate paired data of your own.

Class folders, or file names that hold the class (--classes) or match --regex:

    python tools/data/prepare.py data/mine rgb=VISIBLE_DIR ir=THERMAL_DIR

MMAction2's lists of "path label", one for all modalities or one for each:

    python tools/data/prepare.py data/mine rgb=VISIBLE_DIR ir=THERMAL_DIR \\
        --list train.txt --test-list test.txt

A table with the columns label, rgb, ir and, where wanted, sample_id, split,
offset_rgb and offset_ir:

    python tools/data/prepare.py data/mine --csv pairs.csv

DATA_ROOT/annotations gets train.json, test.json, label_map.txt and report.json,
DATA_ROOT gets config.py, which trains on them. Files outside of DATA_ROOT are
linked into it, none is changed. docs/data.md describes names, lists, tables and
the annotation.
"""

import argparse
import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from _arguments import add_arguments, add_data_root, add_split_arguments, run

if TYPE_CHECKING:
    from mmbimodal.datasets.preparation import Scan


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    add_data_root(parser, 'folder that the annotations and links are written to')
    parser.add_argument(
        'folders',
        nargs='*',
        metavar='NAME=DIR',
        help='name of a modality and folder of its videos or frame folders',
    )
    parser.add_argument(
        '--classes',
        type=Path,
        metavar='FILE',
        help='one class name per line, in the order of the labels;\n'
        'default: the names of the folders, sorted',
    )
    parser.add_argument(
        '--regex',
        help='searched in the path of a file below its DIR, without suffix;\n'
        'its group (?P<id>...), or the first one, is the sample id;\n'
        '(?P<label>...) and (?P<split>...) are optional',
    )
    parser.add_argument(
        '--list',
        nargs='+',
        metavar='FILE',
        help="MMAction2's list, whose paths start at every DIR; or NAME=FILE\n"
        'for each modality; all samples train if there is a --test-list',
    )
    parser.add_argument(
        '--test-list',
        nargs='+',
        default=[],
        metavar='FILE',
        help='the same for the test split; default: it is drawn from --list',
    )
    parser.add_argument(
        '--csv',
        type=Path,
        metavar='FILE',
        help='table of pairs, whose paths start at its own folder',
    )
    parser.add_argument(
        '--dataset', metavar='NAME', help='default: the name of DATA_ROOT'
    )
    parser.add_argument(
        '--allow-missing',
        action='store_true',
        help='annotate samples that lack a modality too; default: they are\n'
        'skipped and listed in report.json',
    )
    parser.add_argument(
        '--offset',
        nargs='+',
        default=[],
        metavar='NAME=SECONDS',
        help='start of a modality after the others, in seconds, in all samples;\n'
        'default: 0',
    )
    add_split_arguments(parser)
    add_arguments(parser)
    return parser.parse_args(argv)


CONFIGS = Path(__file__).resolve().parents[2] / 'configs'

CONFIG = """# Written by tools/data/prepare.py: a small STAF, which trains on a CPU. For
# pictures of 224x224 and Kinetics weights, put staf_infar.py in the place of
# staf_synth.py.
# tools/analysis/modality_stats.py prints the mean and std of your data.
_base_ = {base!r}
model = dict(
    data_preprocessor=dict(preprocessors=dict(_delete_=True, {preprocessors})),
    backbone=dict(modalities={modalities}),
    cls_head=dict(num_classes={num_classes}),
)
train_dataloader = dict(
    dataset=dict(
        data_root={data_root!r},
        ann_file='annotations/{fold}train.json',
        modalities={modalities},
    )
)
val_dataloader = dict(
    dataset=dict(
        data_root={data_root!r},
        ann_file='annotations/{fold}test.json',
        modalities={modalities},
    )
)
test_dataloader = val_dataloader
# {steps} steps, at least 220: a model that starts from nothing needs them.
train_cfg = dict(max_epochs={epochs}, val_interval={interval})
param_scheduler = [
    dict(type='LinearLR', start_factor=0.04, end={warm_up}, convert_to_iter_based=True),
    dict(
        type='CosineAnnealingLR',
        begin={warm_up},
        end={epochs},
        T_max={epochs} - {warm_up},
        convert_to_iter_based=True,
    ),
]
"""

BATCH_SIZE = 16
"""That of staf_synth.py."""

PREPROCESSOR = """
        {name}=dict(
            type='ActionDataPreprocessor',
            format_shape='NCTHW',
            mean=[127.5, 127.5, 127.5],
            std=[127.5, 127.5, 127.5],
        ),"""


def write_config(data_root: Path, modalities: Sequence[str], fold: str) -> Path:
    """Write DATA_ROOT/config.py, unless it is there; returns its path."""
    from mmbimodal.datasets.annotation import read_annotation, write_text

    path = data_root / 'config.py'
    if not path.exists():
        train = read_annotation(str(data_root / f'annotations/{fold}train.json'))
        steps = math.ceil(len(train['data_list']) / BATCH_SIZE)
        epochs = max(22, math.ceil(220 / steps))
        base = CONFIGS / 'staf_synth.py'
        text = CONFIG.format(
            base=os.path.relpath(base, data_root.resolve()),
            preprocessors=''.join(PREPROCESSOR.format(name=m) for m in modalities)
            + '\n    ',
            modalities=tuple(modalities),
            num_classes=len(train['metainfo']['classes']),
            data_root=data_root.as_posix(),
            fold=fold,
            steps=steps * epochs,
            epochs=epochs,
            interval=max(2, epochs // 10),
            warm_up=epochs // 5,
        )
        write_text(str(path), text)
    return path


def by_name(words: Sequence[str], what: str) -> dict[str, str]:
    """``['rgb=DIR', 'ir=DIR']`` → modality → what is given of it."""
    from mmbimodal.errors import InputError

    pairs = [word.partition('=') for word in words]
    wrong = [w for w, (name, _, path) in zip(words, pairs) if not (name and path)]
    if wrong or len({name for name, _, _ in pairs}) < len(pairs):
        raise InputError(
            f'{" ".join(words)} does not give {what} for each modality: write '
            'such as rgb=... ir=..., each name once.'
        )
    return {name: value for name, _, value in pairs}


def offsets(words: Sequence[str]) -> dict[str, float]:
    """``['ir=0.6']`` → modality → seconds."""
    from mmbimodal.errors import InputError

    try:
        return {name: float(value) for name, value in by_name(words, '').items()}
    except ValueError as error:
        raise InputError(
            f'--offset {" ".join(words)} is no number of seconds for each modality: '
            'write such as ir=0.6.'
        ) from error


def read_lists(args: argparse.Namespace, roots: dict[str, Path]) -> 'dict[str, Scan]':
    """Modality → files of its lists."""
    from mmbimodal.datasets.preparation import read_list
    from mmbimodal.errors import InputError

    scans: dict[str, Scan] = {}
    splits = ('train', 'test') if args.test_list else (None,)
    for words, split in zip((args.list, args.test_list), splits):
        if len(words) == 1 and '=' not in words[0]:
            lists = dict.fromkeys(roots, words[0])
        else:
            lists = by_name(words, 'a list')
        if set(lists) != set(roots):
            raise InputError(
                f'there are lists for {", ".join(lists)} and folders for '
                f'{", ".join(roots)}: give one list for all, or one for each.'
            )
        for modality, root in roots.items():
            found = read_list(Path(lists[modality]), root, modality, split)
            if modality in scans:
                scans[modality].merge(found)
            else:
                scans[modality] = found
    return scans


def main(args: argparse.Namespace) -> None:
    from mmbimodal.datasets.annotation import read_label_map
    from mmbimodal.datasets.preparation import (
        prepare_folders,
        prepare_scans,
        read_table,
    )
    from mmbimodal.errors import InputError

    if bool(args.folders) == bool(args.csv):
        raise InputError(
            'give either the folder of each modality, such as rgb=DIR ir=DIR, or '
            'a table with --csv.'
        )
    if args.test_list and not args.list:
        raise InputError('--test-list is given without --list: give both.')
    if args.regex and (args.csv or args.list):
        raise InputError(
            '--regex reads the names of files, which a list or table gives already: '
            'leave it out.'
        )
    args.data_root = args.data_root.expanduser()
    facts = dict(
        dataset=args.dataset or args.data_root.resolve().name,
        classes=read_label_map(str(args.classes)) if args.classes else (),
        allow_missing=args.allow_missing,
        common_offsets=offsets(args.offset),
    )
    if args.csv:
        table = read_table(args.csv)
        modalities = list(table.scans)
        prepare_scans(args, table.scans, offsets=table.offsets, **facts)
    else:
        roots = {
            name: Path(folder).expanduser()
            for name, folder in by_name(args.folders, 'a folder').items()
        }
        modalities = list(roots)
        if args.list:
            prepare_scans(args, read_lists(args, roots), **facts)
        else:
            prepare_folders(args, roots, **facts)
    fold = 'fold0_' if args.folds else ''
    config = write_config(args.data_root, modalities, fold)
    print(
        'next: python tools/data/check_pairs.py '
        f'{args.data_root}/annotations/{fold}train.json\n'
        f'      python tools/train.py {config}'
    )


if __name__ == '__main__':
    run(main, parse_args())
