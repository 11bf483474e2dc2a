"""Annotate NTU RGB+D 60 or 120, or any folder in their layout.

    python tools/data/ntu60/prepare.py data/ntu60 --protocol xview

DATA_ROOT holds the released folders ``nturgb+d_rgb``, ``nturgb+d_ir`` and,
if asked for, ``nturgb+d_skeletons``. The test split also serves validation.
Skeletons are written once more as compact files, which are annotated; samples of
the official list of missing skeletons are left out.
A ``label_map.txt`` in DATA_ROOT takes the place of the official class names.
"""

import argparse
import re
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from _arguments import add_arguments, add_data_root, run

if TYPE_CHECKING:
    from mmbimodal.datasets.preparation import Name

HERE = Path(__file__).resolve().parent
FOLDERS = dict(rgb='nturgb+d_rgb', ir='nturgb+d_ir', skeleton='nturgb+d_skeletons')
COMPACT_FOLDER = 'nturgb+d_skeletons_npz'
# https://github.com/shahroudy/NTURGB-D: 302 samples of 60, 535 of 120
MISSING = HERE / 'missing_skeletons.txt'
STEM = re.compile(r'(S\d{3}C\d{3}P\d{3}R\d{3}A\d{3})(_[a-z]+)?')

# https://github.com/shahroudy/NTURGB-D: who trains; the others test
TRAIN_CAMERAS = {2, 3}
TRAIN_SUBJECTS = {
    1, 2, 4, 5, 8, 9, 13, 14, 15, 16, 17, 18, 19, 25, 27, 28, 31, 34, 35, 38,
}  # fmt: skip
TRAIN_SUBJECTS_120 = TRAIN_SUBJECTS | {
    45, 46, 47, 49, 50, 52, 53, 54, 55, 56, 57, 58, 59, 70, 74, 78, 80, 81, 82, 83, 84,
    85, 86, 89, 91, 92, 93, 94, 95, 97, 98, 100, 103,
}  # fmt: skip
OFFICIAL = dict(xview=dict(train=37920, test=18960), xsub=dict(train=40320, test=16560))
# without the 302 and 535 samples whose skeletons are missing or incomplete
OFFICIAL_SKELETON = dict(
    xview=dict(train=37646, test=18932), xsub=dict(train=40091, test=16487)
)
OFFICIAL_120 = dict(all=114480)
OFFICIAL_120_SKELETON = dict(
    xsub=dict(train=63026, test=50919), xset=dict(train=54468, test=59477)
)


def is_train(sample_id: str, protocol: str, ntu120: bool) -> bool:
    """Whether a protocol trains on a sample."""
    from mmbimodal.datasets.ntu_id import parse_ntu_id

    sample = parse_ntu_id(sample_id)
    if protocol == 'xview':
        return sample.camera in TRAIN_CAMERAS
    if protocol == 'xset':
        return sample.setup % 2 == 0
    return sample.subject in (TRAIN_SUBJECTS_120 if ntu120 else TRAIN_SUBJECTS)


def split_of(sample_ids: Sequence[str], protocol: str, ntu120: bool) -> dict[str, str]:
    return {i: 'train' if is_train(i, protocol, ntu120) else 'test' for i in sample_ids}


def name_of(path: PurePath) -> 'Name | None':
    from mmbimodal.datasets.preparation import Name

    match = STEM.fullmatch(path.name)
    return match and Name(match[1])


def label_of(sample_id: str, num_classes: int) -> int | None:
    from mmbimodal.datasets.ntu_id import parse_ntu_id

    label = parse_ntu_id(sample_id).action - 1
    return label if 0 <= label < num_classes else None


def read_ids(path: Path) -> list[str]:
    """Sample ids in a text file, which may have prose above."""
    from mmbimodal.datasets.ntu_id import parse_ntu_id
    from mmbimodal.datasets.text_file import read_text
    from mmbimodal.errors import InputError

    text = read_text(str(path), 'list', 'give a text file of sample ids')
    ids = [i for i in text.split() if parse_ntu_id(i)]
    if not ids:
        raise InputError(
            f'the list {path} names no sample id: give one such '
            'as S001C001P001R001A001 per line.'
        )
    return ids


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    add_data_root(parser, 'folder that holds the released folders')
    parser.add_argument(
        '--protocol',
        choices=['xview', 'xsub', 'xset'],
        help='cross-view, cross-subject, or cross-setup (120 only);\n'
        'default: xview, with --ntu120 xsub',
    )
    parser.add_argument(
        '--ntu120',
        action='store_true',
        help='the data set is NTU RGB+D 120; default: 60',
    )
    parser.add_argument(
        '--modalities',
        nargs='+',
        choices=list(FOLDERS),
        default=['rgb', 'ir'],
        help='modalities of every sample; default: rgb ir',
    )
    parser.add_argument(
        '--label-map',
        type=Path,
        metavar='FILE',
        help='one class name per line, in the order of the labels;\n'
        'default: DATA_ROOT/label_map.txt, else the official names',
    )
    parser.add_argument(
        '--exclude',
        type=Path,
        metavar='FILE',
        help='text file of further ids to leave out',
    )
    parser.add_argument(
        '--out',
        type=Path,
        metavar='DIR',
        help='folder of the annotations; default: DATA_ROOT/annotations',
    )
    add_arguments(parser)
    return parser.parse_args(argv)


def main(args: argparse.Namespace) -> None:
    from mmbimodal.datasets.annotation import read_label_map
    from mmbimodal.datasets.preparation import Recipe, prepare, scan
    from mmbimodal.datasets.skeleton import read_ntu
    from mmbimodal.datasets.video_probe import SKELETON_SUFFIX, VIDEO_SUFFIXES
    from mmbimodal.errors import InputError

    protocol = args.protocol or ('xsub' if args.ntu120 else 'xview')
    if protocol == ('xview' if args.ntu120 else 'xset'):
        raise InputError(
            f'NTU RGB+D {120 if args.ntu120 else 60} has no protocol '
            f'{protocol}: use {"xsub or xset" if args.ntu120 else "xview"}'
            f'{"" if args.ntu120 else ", xsub, or add --ntu120"}.'
        )
    official_map = HERE / f'label_map{"_120" if args.ntu120 else ""}.txt'
    own_map = args.data_root / 'label_map.txt'
    label_map = args.label_map or (own_map if own_map.exists() else official_map)
    classes = read_label_map(str(label_map))
    dataset = 'ntu120' if args.ntu120 else 'ntu60'
    skeleton = 'skeleton' in args.modalities
    if args.ntu120:
        official = OFFICIAL_120_SKELETON[protocol] if skeleton else OFFICIAL_120
    else:
        official = (OFFICIAL_SKELETON if skeleton else OFFICIAL)[protocol]
    exclude = read_ids(MISSING) if skeleton else []
    if classes != read_label_map(str(official_map)):
        # another data set in the same layout
        dataset, official, exclude = args.data_root.resolve().name, {}, []
    if args.exclude:
        exclude += read_ids(args.exclude)
    scans = {
        modality: scan(
            args.data_root / FOLDERS[modality],
            name_of,
            suffixes=[SKELETON_SUFFIX] if modality == 'skeleton' else VIDEO_SUFFIXES,
        )
        for modality in args.modalities
    }
    recipe = Recipe(
        dataset=dataset,
        data_root=args.data_root,
        out=args.out or args.data_root / 'annotations',
        classes=classes,
        label_of=partial(label_of, num_classes=len(classes)),
        splits_of=lambda ids: {'': split_of(ids, protocol, args.ntu120)},
        folders=dict(FOLDERS, skeleton=COMPACT_FOLDER),
        prefix=f'{protocol}_',
        official=official,
        exclude=exclude,
        readers=dict(skeleton=read_ntu) if skeleton else {},
    )
    prepare(recipe, scans, args.check, args.reencode, args.workers)


if __name__ == '__main__':
    run(main, parse_args())
