"""Annotate the Infrared-Visible action set (InfAR with both modalities).

    python tools/data/infar/prepare.py RGB_ROOT IR_ROOT data/infar

The roots hold videos or folders of frames, in sub-folders or not. The class is
a word of the file name (000012_fight.avi, fight_001_rgb.avi) or the name of a
folder (fight/001.avi). The sample id is the file name without "rgb" or "ir", so
that fight_001_rgb.avi and fight_001_ir.avi are a pair. Files outside of
DATA_ROOT are linked into DATA_ROOT/rgb and DATA_ROOT/ir. Without a split file, a
fifth of each class is drawn for testing and the split is written to
DATA_ROOT/annotations/split.txt.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from _arguments import add_arguments, add_data_root, add_split_arguments, run

LABEL_MAP = Path(__file__).resolve().parent / 'label_map.txt'
OFFICIAL = dict(train=960, test=240)
KNOWN_BROKEN = ('000052_jump', '000084_jump', '000088_wave1', '000100_punch')


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument(
        'rgb_root', type=Path, metavar='RGB_ROOT', help='folder of the visible videos'
    )
    parser.add_argument(
        'ir_root', type=Path, metavar='IR_ROOT', help='folder of the infrared videos'
    )
    add_data_root(parser, 'folder that the annotations and links are written to')
    parser.add_argument(
        '--regex',
        help='searched in the path of a file below its root, without suffix;\n'
        'its group (?P<id>...), or the first one, is the sample id',
    )
    add_split_arguments(parser)
    add_arguments(parser)
    return parser.parse_args(argv)


def main(args: argparse.Namespace) -> None:
    from mmbimodal.datasets.annotation import read_label_map
    from mmbimodal.datasets.preparation import prepare_folders

    prepare_folders(
        args,
        dict(rgb=args.rgb_root, ir=args.ir_root),
        classes=read_label_map(str(LABEL_MAP)),
        dataset='infar',
        official=OFFICIAL,
        known_broken=KNOWN_BROKEN,
    )


if __name__ == '__main__':
    run(main, parse_args())
