"""Predict the actions of pairs of files.

One line for each of the best classes, for each branch that has a classifier of its
own, for the key frames where the model selects some, and for the truth where an
annotation has it.

    infer.py staf_synth --rgb a.avi --ir b.avi
    infer.py staf_synth --pairs LIST.csv --out-file scores.csv --batch-size 8
    infer.py CONFIG CKPT --pairs data/mine/annotations/test.json --out-dir DIR
    infer.py model.onnx --rgb a.avi --ir b.avi
    infer.py staf_synth --rgb a.avi --ir b.avi --window 2s --stride 0.5s --out-dir DIR

--rgb and --ir stand for the names of the model's modalities, of which some may be left
out. The first line of LIST.csv names the columns: the modalities of the model, whose
paths start at the folder of the CSV, and, where wanted, sample_id, start, end and
offset_NAME (seconds). An empty path means that the sample lacks this modality.

A model.onnx of tools/export.py takes the files of one sample, and needs numpy, decord
and onnxruntime only.

--window slides over a long sample and prints when which action is seen. Its --out-dir
gets the windows (timeline.csv, timeline.json), the segments (segments.csv), a picture
and the modalities side by side as a video.
"""

import argparse
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from _model import add_cfg_options, add_model


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_model(parser)
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        '--files',
        nargs='+',
        default=[],
        metavar='NAME=PATH',
        help='files of one sample, as --NAME PATH',
    )
    what.add_argument(
        '--pairs',
        type=Path,
        metavar='FILE',
        help='CSV or annotation (.json) of many samples',
    )
    parser.add_argument(
        '--out-file', type=Path, metavar='FILE', help='predictions as .csv or .json'
    )
    parser.add_argument(
        '--out-dir',
        type=Path,
        metavar='DIR',
        help='folder for both, and for pictures where the model selects frames',
    )
    parser.add_argument(
        '--show-top',
        type=int,
        default=5,
        metavar='N',
        help='classes to print of each sample (default: 5)',
    )
    parser.add_argument(
        '--batch-size',
        type=int,
        default=1,
        metavar='N',
        help='samples that are computed together (default: 1)',
    )
    parser.add_argument(
        '--window',
        metavar='TIME',
        help='slide over one long sample with windows of this length, such as 2s',
    )
    parser.add_argument(
        '--stride',
        metavar='TIME',
        help='from a window to the next (default: a quarter of the window)',
    )
    parser.add_argument(
        '--offset',
        nargs='+',
        default=[],
        metavar='NAME=TIME',
        help='when the first frame of a modality was recorded on the common clock, '
        'such as ir=+0.12s',
    )
    parser.add_argument('--device', help='default: the accelerator where there is one')
    add_cfg_options(parser)
    words, named = split_files(sys.argv[1:], [*parser._option_string_actions])
    args = parser.parse_intermixed_args(words)
    args.files += named
    if bool(args.files) == bool(args.pairs):
        parser.error('give either the files of one sample, --NAME PATH, or --pairs')
    for option in ('show_top', 'batch_size'):
        if getattr(args, option) < 1:
            sys.exit(
                f'error: --{option.replace("_", "-")} {getattr(args, option)} is too '
                'small: give at least 1'
            )
    if not all('=' in item for item in args.files):
        sys.exit(
            f'error: --files {" ".join(args.files)} is not a list of NAME=PATH: '
            'such as rgb=a.avi'
        )
    if (args.window and not args.files) or (args.stride and not args.window):
        sys.exit('error: --window is for the files of one sample, and --stride for it')
    if args.offset and not args.files:
        sys.exit('error: --offset is for files: a list has the offsets of each sample')
    return args


def split_files(
    words: Sequence[str], options: Sequence[str]
) -> tuple[list[str], list[str]]:
    """Separate ``--NAME PATH`` of modalities, which the config names, as NAME=PATH."""
    rest, files = [], []
    remaining = iter(words)
    for word in remaining:
        name = word.partition('=')[0]
        if word[:2] != '--' or any(option.startswith(name) for option in options):
            rest.append(word)
        elif '=' in word:
            files.append(word[2:])
        else:
            path = next(remaining, '')
            if not path:
                sys.exit(f'error: {word} has no file: give its path')
            files.append(f'{word[2:]}={path}')
    return rest, files


def describe(prediction: dict[str, Any]) -> str:
    """A prediction in some lines."""
    lines = [prediction['sample_id']]
    for best in prediction['top_k']:
        lines.append(f'  {best["score"]:7.2%}  {best["class"]}')
    for name, best in prediction.get('branches', {}).items():
        lines.append(f'  {name} alone: {best["score"]:.2%}  {best["class"]}')
    frames = [
        f'{name} {", ".join(map(str, indices)) or "none"}'
        for name, indices in prediction.get('key_frames', {}).items()
    ]
    if frames:
        lines.append(f'  key frames: {"; ".join(frames)}')
    if 'label_class' in prediction:
        lines.append(f'  truth: {prediction["label_class"]}')
    return '\n'.join(lines)


def main(args: argparse.Namespace) -> None:
    from mmbimodal.apis import (
        MMBimodalInferencer,
        find_model,
        load_config,
        parse_seconds,
    )
    from mmbimodal.datasets.pair_list import read_pairs

    warnings.formatwarning = lambda message, *_: f'warning: {message}\n'
    inputs: Any = args.pairs
    if args.files:
        inputs = dict(item.split('=', 1) for item in args.files)
        offsets = (item.partition('=') for item in args.offset)
        inputs['offsets'] = {
            name: parse_seconds(time, f'offset of {name}') for name, _, time in offsets
        }
    elif args.pairs.suffix != '.json':
        inputs = read_pairs(args.pairs)
    path, checkpoint = find_model(args.model, args.checkpoint)
    config = load_config(path, args.cfg_options)
    inferencer = MMBimodalInferencer(config, checkpoint, args.device)
    if args.window:
        found = inferencer.timeline(
            inputs,
            args.window,
            args.stride,
            args.batch_size,
            out_dir=args.out_dir,
            out_file=args.out_file,
        )
        for x in found.segments:
            print(f'{x.start:8.2f} to {x.end:8.2f} s  {x.score:7.2%}  {x.class_name}')
    else:
        print_predictions(inferencer, inputs, args)
    for path in filter(None, (args.out_file, args.out_dir)):
        print(path)


def print_predictions(inferencer: Any, inputs: Any, args: argparse.Namespace) -> None:
    """Predict samples as they are."""
    result = inferencer(
        inputs,
        batch_size=args.batch_size,
        top_k=args.show_top,
        out_dir=args.out_dir,
        out_file=args.out_file,
    )
    for prediction in result['predictions']:
        print(describe(prediction))


def main_exported(args: argparse.Namespace) -> None:
    """:func:`main` for an exported model, without the package and PyTorch."""
    others = ('checkpoint', 'pairs', 'out_dir', 'device', 'cfg_options')
    for option in (*others, 'window', 'offset'):
        if getattr(args, option):
            sys.exit(
                f'error: {args.model} takes the files of one sample, --show-top and '
                f'--out-file FILE.json, and no {option}: leave it out, or give the '
                'config and its checkpoint'
            )
    if args.out_file and args.out_file.suffix != '.json':
        sys.exit(f'error: {args.out_file} is not .json: name it so')
    from _onnx_inference import ExportedModel, UnusableInput, describe_sample, save

    try:
        model = ExportedModel(args.model)
        files = dict(item.split('=', 1) for item in args.files)
        prediction = describe_sample(model, files, args.show_top)
        if args.out_file:
            save(prediction, model.classes, args.out_file)
    except (UnusableInput, OSError) as error:
        sys.exit(f'error: {error}')
    print(describe(prediction))
    if args.out_file:
        print(args.out_file)


if __name__ == '__main__':
    arguments = parse_args()
    if arguments.model.endswith('.onnx'):
        main_exported(arguments)
        sys.exit()
    from mmbimodal.apis import one_sentence

    with one_sentence():
        main(arguments)
