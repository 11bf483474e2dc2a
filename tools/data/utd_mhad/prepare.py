"""Annotate UTD-MHAD, and write its skeletons as compact files.

    python tools/data/utd_mhad/prepare.py data/utd_mhad

DATA_ROOT holds the folders ``Skeleton`` (a1_s1_t1_skeleton.mat) and, if asked for,
``RGB`` (a1_s1_t1_color.avi), in sub-folders or not. Odd subjects train, even ones
test.
"""

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path, PurePath

from mmbimodal.datasets.annotation import read_label_map
from mmbimodal.datasets.preparation import (
    Name,
    Recipe,
    add_arguments,
    prepare,
    scan,
)
from mmbimodal.datasets.skeleton import parse_utd_mhad_id, read_utd_mhad
from mmbimodal.datasets.video_probe import VIDEO_SUFFIXES
from mmbimodal.errors import InputError

LABEL_MAP = Path(__file__).resolve().parent / 'label_map.txt'
SOURCES = dict(rgb='RGB', skeleton='Skeleton')
FOLDERS = dict(SOURCES, skeleton='skeletons_npz')
STEM = re.compile(r'(a\d+_s\d+_t\d+)_(color|skeleton)')
# 27 actions, 8 subjects, 4 trials, of which 1 and 2 were found to be corrupt
OFFICIAL = dict(train=431, test=430)


def name_of(path: PurePath) -> Name | None:
    match = STEM.fullmatch(path.name)
    return match and Name(match[1])


def label_of(sample_id: str, num_classes: int) -> int | None:
    sample = parse_utd_mhad_id(sample_id)
    return sample.action - 1 if sample and 1 <= sample.action <= num_classes else None


def split_of(sample_ids: Sequence[str]) -> dict[str, str]:
    samples = {i: parse_utd_mhad_id(i) for i in sample_ids}
    return {
        i: 'train' if sample.subject % 2 else 'test'
        for i, sample in samples.items()
        if sample
    }


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument(
        'data_root',
        type=Path,
        metavar='DATA_ROOT',
        help='folder that holds the released folders',
    )
    parser.add_argument(
        '--modalities',
        nargs='+',
        choices=list(SOURCES),
        default=['skeleton'],
        help='modalities of every sample; default: skeleton',
    )
    add_arguments(parser)
    return parser.parse_args(argv)


def main(args: argparse.Namespace) -> None:
    classes = read_label_map(str(LABEL_MAP))
    scans = {
        modality: scan(
            args.data_root / SOURCES[modality],
            name_of,
            suffixes=['.mat'] if modality == 'skeleton' else VIDEO_SUFFIXES,
        )
        for modality in args.modalities
    }
    recipe = Recipe(
        dataset='utd_mhad',
        data_root=args.data_root,
        out=args.data_root / 'annotations',
        classes=classes,
        label_of=lambda sample_id: label_of(sample_id, len(classes)),
        splits_of=lambda ids: {'': split_of(ids)},
        folders=FOLDERS,
        official=OFFICIAL,
        readers=dict(skeleton=read_utd_mhad) if 'skeleton' in scans else {},
    )
    prepare(recipe, scans, args.check, args.reencode, args.workers)


if __name__ == '__main__':
    try:
        main(parse_args())
    except InputError as error:
        sys.exit(f'error: {error}')
    except KeyboardInterrupt:
        sys.exit('interrupted: the same command completes it')
