"""Draw losses and accuracies of a training over its epochs.

The runs of a working folder, resumed ones included, become one curve.
"""

import argparse


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('work_dir', metavar='WORK_DIR', help='of tools/train.py')
    parser.add_argument('--out', required=True, metavar='FILE', help='the PNG to write')
    return parser.parse_args()


def main(args: argparse.Namespace) -> None:
    from mmbimodal.visualization import read_scalars, save_png, training_curves

    save_png(training_curves(read_scalars(args.work_dir)), args.out)
    print(args.out)


if __name__ == '__main__':
    arguments = parse_args()
    from mmbimodal.apis import one_sentence

    with one_sentence():
        main(arguments)
