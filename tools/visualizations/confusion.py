"""Draw the confusion matrix of a test, or those of two side by side.

    python tools/test.py CONFIG CKPT --cfg-options \\
        test_evaluator.type=mmbimodal.evaluation.SavePredictions \\
        test_evaluator.out_file=predictions.json
    python tools/visualizations/confusion.py predictions.json --out FILE
    python tools/visualizations/confusion.py a.json b.json \\
        --names baseline STAF --out FILE

With two, the accuracy of each class is compared as well: second minus first.
"""

import argparse
import sys
from pathlib import Path


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        'predictions',
        nargs='+',
        metavar='PREDICTIONS',
        help='one JSON file of SavePredictions, or two',
    )
    parser.add_argument(
        '--names',
        nargs='+',
        metavar='NAME',
        help='what to call two models (default: their files)',
    )
    parser.add_argument('--out', required=True, metavar='FILE', help='the PNG to write')
    args = parser.parse_args()
    count = len(args.predictions)
    if count > 2:
        sys.exit(
            f'error: {count} files of predictions do not fit into one picture: '
            'give one or two'
        )
    if args.names and count + len(args.names) != 4:
        sys.exit(
            f'error: --names {" ".join(args.names)} does not fit {count} file(s) of '
            'predictions: give two names for two files'
        )
    return args


def main(args: argparse.Namespace) -> None:
    from mmbimodal.evaluation import confusion_counts, confusion_pair
    from mmbimodal.visualization import (
        confusion_figure,
        confusion_pair_figure,
        save_png,
    )

    files = args.predictions
    if len(files) == 1:
        figure = confusion_figure(*confusion_counts(files[0]))
    else:
        names = args.names or [Path(file).stem for file in files]
        figure = confusion_pair_figure(*confusion_pair(*files), names)
    save_png(figure, args.out)
    print(args.out)


if __name__ == '__main__':
    arguments = parse_args()
    from mmbimodal.apis import one_sentence

    with one_sentence():
        main(arguments)
