"""Draw which frames and regions a model selects.

One PNG per sample: a film strip of each modality with key frames outlined,
dropped regions pale, frame scores, prediction and truth. With --video-out one
MP4 per sample as well, the strips played in time.

    selection.py staf_synth --num 6 --out work_dirs/pictures
    selection.py CONFIG CKPT --sample S001C001P001R001A001 --out pictures
    selection.py CONFIG CKPT --files rgb=a.avi ir=b.avi --out pictures \\
        --video-out videos
"""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from _model import add_cfg_options, add_model

if TYPE_CHECKING:
    from mmengine.dataset import BaseDataset


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_model(parser)
    what = parser.add_mutually_exclusive_group()
    what.add_argument('--sample', nargs='+', metavar='ID', help='ids of test samples')
    what.add_argument(
        '--num',
        type=int,
        default=6,
        metavar='N',
        help='N test samples of different classes (default: 6)',
    )
    what.add_argument(
        '--files',
        nargs='+',
        metavar='NAME=PATH',
        help='videos of one sample, one per modality',
    )
    parser.add_argument(
        '--out',
        type=Path,
        required=True,
        metavar='DIR',
        help='folder of the pictures, named by the sample',
    )
    parser.add_argument(
        '--video-out',
        type=Path,
        metavar='DIR',
        help='folder of the videos, named by the sample',
    )
    parser.add_argument('--device', default='cpu', help='default: cpu')
    add_cfg_options(parser)
    args = parser.parse_args()
    if args.num < 1:
        sys.exit(f'error: --num {args.num} is not a number of samples: give at least 1')
    if not all('=' in item for item in args.files or ()):
        sys.exit(
            f'error: --files {" ".join(args.files)} is not a list of NAME=PATH: '
            'such as rgb=a.avi'
        )
    return args


def spread(dataset: 'BaseDataset', number: int) -> list[str]:
    """Ids of samples that are evenly spread over the classes."""
    rows = sorted(
        (dataset.get_data_info(i) for i in range(len(dataset))),
        key=lambda row: row['label'],
    )
    number = min(number, len(rows))
    last = max(number - 1, 1)
    return [rows[i * (len(rows) - 1) // last]['sample_id'] for i in range(number)]


def main(args: argparse.Namespace) -> None:
    from mmbimodal.apis import (
        build_test_set,
        find_model,
        init_recognizer,
        inspect_dataset,
        inspect_selection,
        load_config,
    )
    from mmbimodal.visualization import (
        save_png,
        save_selection_video,
        selection_figure,
    )

    path, checkpoint = find_model(args.model, args.checkpoint)
    config = load_config(path, args.cfg_options)
    model = init_recognizer(config, checkpoint, args.device)
    if args.files:
        files = dict(item.split('=', 1) for item in args.files)
        selections = iter([inspect_selection(model, config, files)])
    else:
        dataset = build_test_set(config)
        ids = args.sample or spread(dataset, args.num)
        selections = inspect_dataset(model, dataset, ids)
    for selection in selections:
        path = args.out / f'{selection.sample_id}.png'
        save_png(selection_figure(selection), path)
        print(path)
        if args.video_out:
            video = args.video_out / f'{selection.sample_id}.mp4'
            save_selection_video(selection, video)
            print(video)


if __name__ == '__main__':
    arguments = parse_args()
    from mmbimodal.apis import one_sentence

    with one_sentence():
        main(arguments)
