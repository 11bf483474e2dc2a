"""Annotate the skeletons of Northwestern-UCLA, and write them as compact files.

    python tools/data/nw_ucla/prepare.py data/nw_ucla

DATA_ROOT holds the folder ``all_sqe`` of JSON files. Views 1 and 2 train, view 3
tests. In the files that are in use, 95 of the 464 test clips are identical to
training clips; the tool finds them and writes three pairs of annotations:

    xview_{train,test}.json           as in the literature, with the copies
    xview_noleak_{train,test}.json    tests without them
    xview_strict_{train,test}.json    trains without them
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from _arguments import add_data_root, add_workers, run

LABEL_MAP = Path(__file__).resolve().parent / 'label_map.txt'
SOURCE, COMPACT_FOLDER = 'all_sqe', 'skeletons'
STEM = r'(?:^|/)(?P<id>a\d\d_s\d\d_e\d\d_v\d\d)$'
TRAIN_VIEWS = (1, 2)
OFFICIAL = dict(
    xview_train=1020,
    xview_test=464,
    xview_noleak_train=1020,
    xview_noleak_test=369,
    xview_strict_train=925,
    xview_strict_test=464,
)


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    add_data_root(parser, f'folder that holds {SOURCE}')
    add_workers(parser)
    return parser.parse_args(argv)


def main(args: argparse.Namespace) -> None:
    from mmbimodal.datasets.annotation import read_label_map
    from mmbimodal.datasets.preparation import Recipe, prepare, regex_rule, scan
    from mmbimodal.datasets.skeleton import parse_nw_ucla_id, read_nw_ucla

    def label_of(sample_id: str) -> int | None:
        sample = parse_nw_ucla_id(sample_id)
        return None if sample is None else sample.label

    def split_of(sample_ids: Sequence[str]) -> dict[str, str]:
        samples = {i: parse_nw_ucla_id(i) for i in sample_ids}
        return {
            i: 'train' if sample.view in TRAIN_VIEWS else 'test'
            for i, sample in samples.items()
            if sample
        }

    recipe = Recipe(
        dataset='nw_ucla',
        data_root=args.data_root,
        out=args.data_root / 'annotations',
        classes=read_label_map(str(LABEL_MAP)),
        label_of=label_of,
        splits_of=lambda ids: {'xview_': split_of(ids)},
        folders=dict(skeleton=COMPACT_FOLDER),
        official=OFFICIAL,
        readers=dict(skeleton=read_nw_ucla),
        leak_free=True,
    )
    files = scan(args.data_root / SOURCE, regex_rule(STEM), suffixes=['.json'])
    prepare(recipe, dict(skeleton=files), workers=args.workers)


if __name__ == '__main__':
    run(main, parse_args())
