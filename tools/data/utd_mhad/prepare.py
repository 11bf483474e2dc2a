"""Annotate UTD-MHAD, and write its skeletons as compact files.

    python tools/data/utd_mhad/prepare.py data/utd_mhad

DATA_ROOT holds the folders ``Skeleton`` (a1_s1_t1_skeleton.mat) and, if asked for,
``RGB`` (a1_s1_t1_color.avi), with sub-folders or not. Odd subjects train, even ones
test.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from _arguments import add_data_root, add_workers, run

LABEL_MAP = Path(__file__).resolve().parent / 'label_map.txt'
SOURCES = dict(rgb='RGB', skeleton='Skeleton')
FOLDERS = dict(SOURCES, skeleton='skeletons_npz')
STEM = r'(?:^|/)(?P<id>a\d+_s\d+_t\d+)_(?:color|skeleton)$'
# 27 actions, 8 subjects, 4 trials; three sequences were found to be corrupt
OFFICIAL = dict(train=431, test=430)


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    add_data_root(parser, 'folder that holds the released folders')
    parser.add_argument(
        '--modalities',
        nargs='+',
        choices=list(SOURCES),
        default=['skeleton'],
        help='modalities of every sample; default: skeleton',
    )
    add_workers(parser)
    return parser.parse_args(argv)


def main(args: argparse.Namespace) -> None:
    from mmbimodal.datasets.annotation import read_label_map
    from mmbimodal.datasets.preparation import Recipe, prepare, regex_rule, scan
    from mmbimodal.datasets.skeleton import parse_utd_mhad_id, read_utd_mhad
    from mmbimodal.datasets.video_probe import VIDEO_SUFFIXES

    classes = read_label_map(str(LABEL_MAP))

    def label_of(sample_id: str) -> int | None:
        sample = parse_utd_mhad_id(sample_id)
        inside = sample and 1 <= sample.action <= len(classes)
        return sample.action - 1 if sample and inside else None

    def split_of(sample_ids: Sequence[str]) -> dict[str, str]:
        samples = {i: parse_utd_mhad_id(i) for i in sample_ids}
        return {
            i: 'train' if sample.subject % 2 else 'test'
            for i, sample in samples.items()
            if sample
        }

    scans = {
        modality: scan(
            args.data_root / SOURCES[modality],
            regex_rule(STEM),
            suffixes=['.mat'] if modality == 'skeleton' else VIDEO_SUFFIXES,
        )
        for modality in args.modalities
    }
    recipe = Recipe(
        dataset='utd_mhad',
        data_root=args.data_root,
        out=args.data_root / 'annotations',
        classes=classes,
        label_of=label_of,
        splits_of=lambda ids: {'': split_of(ids)},
        folders=FOLDERS,
        official=OFFICIAL,
        readers=dict(skeleton=read_utd_mhad) if 'skeleton' in scans else {},
    )
    prepare(recipe, scans, workers=args.workers)


if __name__ == '__main__':
    run(main, parse_args())
