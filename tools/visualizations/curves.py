"""Draw losses and accuracies of a training over its epochs.

The runs of a working folder, resumed ones included, become one curve.
"""

import argparse

from mmbimodal.apis import one_sentence
from mmbimodal.visualization import read_scalars, save_png, training_curves


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('work_dir', metavar='WORK_DIR', help='of tools/train.py')
    parser.add_argument('--out', required=True, metavar='FILE', help='the PNG to write')
    args = parser.parse_args()
    save_png(training_curves(read_scalars(args.work_dir)), args.out)
    print(args.out)


if __name__ == '__main__':
    with one_sentence():
        main()
