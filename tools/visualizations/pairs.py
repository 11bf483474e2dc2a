"""Draw samples of a data set as film strips, a row per modality.

    pairs.py data/synth/annotations/xview_test.json --out work_dirs/pairs
    pairs.py data/distractor/annotations/xview_test.json --sample S001C001… \\
        --truth data/distractor/truth.json --out work_dirs/pairs

With the truth of generated pairs, frames that hide the actor are framed.
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mmbimodal.datasets import PairedDataset


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        'ann_file',
        type=Path,
        metavar='ANNOTATION',
        help='its paths start from the folder above its own',
    )
    parser.add_argument(
        '--sample', nargs='+', metavar='ID', help='default: the first of each class'
    )
    parser.add_argument(
        '--truth', metavar='FILE', help='written by tools/data/synth/generate.py'
    )
    parser.add_argument(
        '--frames', type=int, default=8, metavar='T', help='of each video (default: 8)'
    )
    parser.add_argument(
        '--out', type=Path, required=True, metavar='DIR', help='folder of the PNGs'
    )
    return parser.parse_args()


def open_dataset(args: argparse.Namespace) -> 'PairedDataset':
    """The samples with decoded frames of the same moments."""
    from mmbimodal.datasets import PairedDataset
    from mmbimodal.datasets.annotation import read_annotation

    sampler = dict(type='UniformSample', clip_len=args.frames, test_mode=True)
    decoder = dict(type='DecodeVideo')
    pipeline: list[dict | Callable] = [
        dict(
            type='ForEachModality',
            transforms=[dict(type='OpenVideo', short_side=160)],
        ),
        dict(type='SyncSample', transforms=[sampler]),
        dict(type='ForEachModality', transforms=[decoder]),
    ]
    if args.truth:
        pipeline.append(dict(type='LoadVisibility', truth_file=args.truth))
    return PairedDataset(
        str(args.ann_file.absolute()),
        pipeline,
        read_annotation(str(args.ann_file))['metainfo']['modalities'],
        data_root=str(args.ann_file.absolute().parents[1]),
        test_mode=True,
    )


def choose(dataset: 'PairedDataset', wanted: list[str] | None) -> list[int]:
    """Indices of the wanted samples, or of the first one of each class."""
    from mmbimodal.errors import InputError

    rows = [dataset.get_data_info(i) for i in range(len(dataset))]
    if wanted is None:
        labels = [row['label'] for row in rows]
        return [labels.index(label) for label in sorted(set(labels))]
    index = {row['sample_id']: i for i, row in enumerate(rows)}
    for sample_id in wanted:
        if sample_id not in index:
            raise InputError(
                f'there is no sample {sample_id!r} in {dataset.ann_file}, which has '
                f'{len(index)} from {min(index)} to {max(index)}'
            )
    return [index[sample_id] for sample_id in wanted]


def main(args: argparse.Namespace) -> None:
    from mmengine.registry import init_default_scope

    from mmbimodal.visualization import pair_figure, save_png

    init_default_scope('mmaction')
    dataset = open_dataset(args)
    for i in choose(dataset, args.sample):
        sample = dataset[i]
        parts = {
            name: part
            for name, part in sample['modalities'].items()
            if part is not None
        }
        figure = pair_figure(
            f'{sample["sample_id"]}: {dataset.metainfo["classes"][sample["label"]]}',
            {name: part['imgs'] for name, part in parts.items()},
            {name: part['visible'] for name, part in parts.items()}
            if args.truth
            else None,
        )
        path = args.out / f'{sample["sample_id"]}.png'
        save_png(figure, path)
        print(path)


if __name__ == '__main__':
    arguments = parse_args()
    from mmbimodal.apis import one_sentence

    with one_sentence():
        main(arguments)
