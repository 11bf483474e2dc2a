"""Measure whether the selection finds the actor, on pairs with known truth.

Frames: share of selected frames in which the actor is visible, beside what as
many frames drawn at random from each modality of each pair would reach, and
beside that share of all sampled frames. AUC: how often, of two frames of one
modality of a pair, the one with the actor has the higher score. Regions: share
of kept regions with their centre in the actor's box, beside what as many
regions drawn at random from the same frames would reach, and beside that share
of all regions of all frames.
"""

import argparse
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from _model import add_cfg_options, add_model

ROWS = dict(
    frames_visible='actor visible in selected frames',
    frames_chance='  chance: same pair and modality, at random',
    frames_chance_any='  chance: all sampled frames',
    frames_auc='AUC of the scores for visibility (chance 50%)',
    regions_inside="kept regions in the actor's box",
    regions_chance='  chance: same frames, at random',
    regions_chance_any_frame='  chance: all regions, all frames',
)


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_model(parser)
    parser.add_argument(
        '--truth',
        required=True,
        metavar='TRUTH.json',
        help='written by tools/data/synth/generate.py',
    )
    parser.add_argument(
        '--json', type=Path, metavar='FILE', help='write the figures as well'
    )
    parser.add_argument('--device', default='cpu', help='default: cpu')
    add_cfg_options(parser)
    return parser.parse_args()


def show(quality: dict[str, dict]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title='Does the selection find the actor?')
    table.add_column('')
    for name in quality:
        table.add_column(name, justify='right')
    table.add_row(
        'frames selected',
        *(f'{x["selected_frames"]} of {x["sampled_frames"]}' for x in quality.values()),
        end_section=True,
    )

    def percent(share: float | None) -> str:
        return '–' if share is None else f'{share:.1%}'

    for key, title in ROWS.items():
        table.add_row(
            title,
            *(percent(x[key]) for x in quality.values()),
            end_section=key == 'frames_auc',
        )
    Console().print(table)


def main(args: argparse.Namespace) -> None:
    from rich.progress import track

    from mmbimodal.apis import (
        build_test_set,
        find_model,
        init_recognizer,
        inspect_dataset,
        load_config,
    )
    from mmbimodal.evaluation import read_truth, selection_quality

    path, checkpoint = find_model(args.model, args.checkpoint)
    config = load_config(path, args.cfg_options)
    truth = read_truth(args.truth)
    model = init_recognizer(config, checkpoint, args.device)
    dataset = build_test_set(config)
    quality = selection_quality(
        track(
            inspect_dataset(model, dataset),
            description='test samples',
            total=len(dataset),
        ),
        truth,
    )
    show(quality)
    if args.json:
        args.json.parent.mkdir(parents=True, exist_ok=True)
        args.json.write_text(json.dumps(quality, indent=1) + '\n')


if __name__ == '__main__':
    arguments = parse_args()
    from mmbimodal.apis import one_sentence

    with one_sentence():
        main(arguments)
