"""Write synthetic pairs of RGB and infrared videos in the NTU layout.

    python tools/data/synth/generate.py data/synth --train 960 --test 240

Camera 1 is the test set, cameras 2 and 3 the training set (NTU cross-view);
their annotations are OUT/annotations/xview_train.json and xview_test.json.
With --skeletons every pair has a skeleton, too, as the tracker of a depth sensor
gives it: with noise, lost joints, swapped sides and frames without a body.
With --difficulty distractor someone else does another action wherever the
actor is hidden, and other people in other places are tested.
Started again after an interruption, it completes the folder.
"""

import argparse
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from _arguments import run

DIFFICULTIES = ('easy', 'default', 'hard', 'distractor')


def size(text: str) -> tuple[int, int]:
    match = re.fullmatch(r'(\d+)[xX](\d+)', text)
    if not match:
        raise argparse.ArgumentTypeError(f'{text!r} is not HxW, such as 112x112')
    return int(match[1]), int(match[2])


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument('out', type=Path, metavar='OUT', help='folder to write to')
    parser.add_argument(
        '--train',
        type=int,
        default=960,
        metavar='N',
        help='training pairs; default: 960',
    )
    parser.add_argument(
        '--test', type=int, default=240, metavar='N', help='test pairs; default: 240'
    )
    parser.add_argument(
        '--seed',
        type=int,
        default=0,
        help='the same seed gives the same videos; default: 0',
    )
    parser.add_argument(
        '--size',
        type=size,
        default=(112, 112),
        metavar='HxW',
        help='height and width of RGB in pixels, infrared has 0.6 of each;\n'
        'default: 112x112',
    )
    parser.add_argument(
        '--difficulty',
        choices=DIFFICULTIES,
        default='default',
        help='how often things hide the actor; default: default',
    )
    parser.add_argument(
        '--skeletons',
        action='store_true',
        help='write a skeleton per pair, too; the videos are the same',
    )
    parser.add_argument(
        '--workers',
        type=int,
        default=os.cpu_count(),
        help='number of processes; default: one per CPU',
    )
    return parser.parse_args(argv)


def main(args: argparse.Namespace) -> None:
    from mmbimodal.datasets.synthetic import ACTIONS, Request, Settings, generate

    request = Request(
        args.train,
        args.test,
        Settings(args.seed, args.size, args.difficulty, args.skeletons),
    )
    request.check()
    for name, count in (('train', args.train), ('test', args.test)):
        if count % len(ACTIONS):
            print(
                f'note: --{name} {count} is not divisible by '
                f'{len(ACTIONS)}; the first {count % len(ACTIONS)} of the '
                'classes get one clip more.'
            )
    generate(args.out, request, args.workers)
    print(f'{args.out}: {args.train} pairs to train, {args.test} to test')
    print(f'their annotations: {args.out / "annotations"}/xview_{{train,test}}.json')


if __name__ == '__main__':
    run(main, parse_args())
