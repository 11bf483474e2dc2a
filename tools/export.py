"""Write a trained model as an ONNX file.

    export.py staf_synth --out staf.onnx
    export.py CONFIG CKPT --out model.onnx

The file holds all that a prediction needs: graph, weights, names of the classes,
normalisation and the steps of the test pipeline. It is written after onnxruntime agreed
with PyTorch on three batches, with and without a modality.
"""

import argparse
import logging
import warnings
from pathlib import Path

from _model import add_cfg_options, add_model


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_model(parser)
    parser.add_argument(
        '--out', type=Path, required=True, metavar='FILE', help='.onnx to write'
    )
    add_cfg_options(parser)
    return parser.parse_args()


def main(args: argparse.Namespace) -> None:
    from mmbimodal.apis import export_onnx, find_model, init_recognizer, load_config

    path, checkpoint = find_model(args.model, args.checkpoint)
    config = load_config(path, args.cfg_options)
    model = init_recognizer(config, checkpoint)
    # The converter tells of every constant that it does not fold.
    logging.disable(logging.WARNING)
    warnings.simplefilter('ignore')
    difference = export_onnx(model, config, args.out)
    print(
        f'{args.out}  {args.out.stat().st_size / 1e6:.2f} MB, scores differ from '
        f"PyTorch's by at most {difference:.1e}"
    )


if __name__ == '__main__':
    arguments = parse_args()
    from mmbimodal.apis import one_sentence

    with one_sentence():
        main(arguments)
