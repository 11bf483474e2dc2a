"""Measure whether the selection finds the actor, on pairs with known truth.

Frames: share of selected frames in which the actor is visible, beside that
share of all sampled frames. Regions: share of kept regions with their centre
in the actor's box, beside what as many regions drawn at random from the same
frames would reach, and beside that share of all regions of all frames.
"""
import argparse
import json
from pathlib import Path
from typing import Dict, Optional

import mmengine
from mmengine.config import Config, DictAction
from rich.console import Console
from rich.progress import track
from rich.table import Table

from mmbimodal.apis import (build_test_set, init_recognizer, inspect_dataset,
                            one_sentence)
from mmbimodal.errors import InputError
from mmbimodal.evaluation import selection_quality

COLUMNS = dict(
    frames_visible='frames: actor visible',
    frames_chance='chance',
    regions_inside="regions: in the actor's box",
    regions_chance='chance, same frames',
    regions_chance_any_frame='chance, any frame')


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', metavar='CONFIG', help='config file')
    parser.add_argument('checkpoint', metavar='CKPT', help='trained weights')
    parser.add_argument(
        '--truth', required=True, metavar='TRUTH.json',
        help='written by tools/data/synth/generate.py')
    parser.add_argument(
        '--json', type=Path, metavar='FILE', help='write the figures as well')
    parser.add_argument('--device', default='cpu', help='default: cpu')
    parser.add_argument(
        '--cfg-options', nargs='+', action=DictAction, default={},
        help='override settings of the config, key=value')
    return parser.parse_args()


def load_truth(path: str) -> Dict[str, dict]:
    """Sample id → modality → truth of each frame."""
    try:
        return mmengine.load(path, file_format='json')['samples']
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f'{path} is not a truth.json ({error!r}): it is '
                         'written by tools/data/synth/generate.py') from error


def show(quality: Dict[str, dict]) -> None:
    table = Table(title='Does the selection find the actor?')
    table.add_column('')
    table.add_column('frames selected', justify='right')
    for title in COLUMNS.values():
        table.add_column(title, justify='right')

    def percent(share: Optional[float]) -> str:
        return '–' if share is None else f'{share:.1%}'

    for name, row in quality.items():
        table.add_row(
            name, f'{row["selected_frames"]} of {row["sampled_frames"]}',
            *(percent(row[key]) for key in COLUMNS))
    Console().print(table)


def main(args: argparse.Namespace) -> None:
    config = Config.fromfile(args.config)
    config.merge_from_dict(args.cfg_options)
    truth = load_truth(args.truth)
    model = init_recognizer(config, args.checkpoint, args.device)
    dataset = build_test_set(config)
    quality = selection_quality(
        track(
            inspect_dataset(model, dataset),
            description='test samples',
            total=len(dataset)), truth)
    show(quality)
    if args.json:
        args.json.parent.mkdir(parents=True, exist_ok=True)
        args.json.write_text(json.dumps(quality, indent=1) + '\n')


if __name__ == '__main__':
    with one_sentence():
        main(parse_args())
