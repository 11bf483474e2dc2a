"""Draw the confusion matrix of a test.

    python tools/test.py CONFIG CKPT --cfg-options \\
        test_evaluator.type=mmbimodal.evaluation.SavePredictions \\
        test_evaluator.out_file=predictions.json
    python tools/visualizations/confusion.py predictions.json --out FILE
"""
import argparse

from mmbimodal.apis import one_sentence
from mmbimodal.evaluation import confusion_counts
from mmbimodal.visualization import confusion_figure, save_png


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        'predictions', metavar='PREDICTIONS',
        help='JSON file of SavePredictions')
    parser.add_argument(
        '--out', required=True, metavar='FILE', help='the PNG to write')
    args = parser.parse_args()
    save_png(confusion_figure(*confusion_counts(args.predictions)), args.out)
    print(args.out)


if __name__ == '__main__':
    with one_sentence():
        main()
