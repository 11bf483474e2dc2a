"""Draw samples of a data set as film strips, a row per modality.

    pairs.py data/synth/annotations/xview_test.json --out work_dirs/pairs
    pairs.py data/distractor/annotations/xview_test.json --sample S001C001… \\
        --truth data/distractor/truth.json --out work_dirs/pairs

With the truth of generated pairs, frames that hide the actor are framed. Where the
annotation has skeletons, they are drawn over the frames: each person has a colour, lost
joints are hollow.

    pairs.py data/synth_skeleton/annotations/xview_test.json --out work_dirs/pairs
"""

import argparse
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from mmbimodal.datasets import PairedDataset
    from mmbimodal.visualization import Joints


class Part(NamedTuple):
    """A part of a skeleton file with joints in the pixels of a modality."""

    modality: str
    name: str
    size: tuple[int, int] | None


def joint_part(text: str) -> Part:
    match = re.fullmatch(r'(.+)=(colorXY|depthXY)(?::(\d+)x(\d+))?', text)
    if not match:
        raise argparse.ArgumentTypeError(
            f'{text!r} is not such as rgb=colorXY or rgb=colorXY:1080x1920'
        )
    size = (int(match[3]), int(match[4])) if match[3] else None
    return Part(match[1], match[2], size)


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
        '--joints',
        nargs='+',
        type=joint_part,
        default=[Part('rgb', 'colorXY', None), Part('ir', 'depthXY', None)],
        metavar='NAME=PART[:HxW]',
        help='joints of the skeleton for the frames of a modality, and the size of '
        'the picture that they are pixels of, where the videos have another one '
        '(default: rgb=colorXY ir=depthXY)',
    )
    parser.add_argument(
        '--out', type=Path, required=True, metavar='DIR', help='folder of the PNGs'
    )
    return parser.parse_args()


def find_layouts(ann_file: Path) -> dict[str, str | None]:
    """Modality → layout of its skeletons, or None where it is a video."""
    from mmbimodal.datasets.annotation import read_annotation, resolve
    from mmbimodal.datasets.skeleton import SUFFIX, read_compact

    annotation = read_annotation(str(ann_file))
    found: dict[str, str | None] = {}
    for name in annotation['metainfo']['modalities']:
        path = next((row[name] for row in annotation['data_list'] if name in row), '')
        found[name] = None
        if path.endswith(SUFFIX):
            root = str(ann_file.absolute().parents[1])
            found[name] = read_compact(resolve(root, path)).layout
    return found


def open_dataset(
    args: argparse.Namespace, layouts: dict[str, str | None]
) -> 'PairedDataset':
    """The samples with decoded frames of the same moments."""
    from mmbimodal.datasets import PairedDataset
    from mmbimodal.errors import InputError

    videos = [name for name, layout in layouts.items() if layout is None]
    if not videos:
        raise InputError(
            f'{args.ann_file} has skeletons only: the pictures need an annotation with '
            'videos, too'
        )
    sampler = dict(type='UniformSample', clip_len=args.frames, test_mode=True)
    decoder = dict(type='DecodeVideo')
    openers = {
        name: dict(type='OpenVideo', short_side=160)
        if layout is None
        else dict(type='LoadSkeleton', layout=layout)
        for name, layout in layouts.items()
    }
    pipeline: list[dict | Callable] = [
        dict(
            type='ForEachModality',
            transforms={name: [opener] for name, opener in openers.items()},
        ),
        dict(type='SyncSample', transforms=[sampler]),
        dict(type='ForEachModality', transforms=[decoder], only=videos),
    ]
    if args.truth:
        pipeline.append(dict(type='LoadVisibility', truth_file=args.truth))
    return PairedDataset(
        str(args.ann_file.absolute()),
        pipeline,
        tuple(layouts),
        data_root=str(args.ann_file.absolute().parents[1]),
        test_mode=True,
    )


def find_joints(
    parts: dict[str, dict], layouts: dict[str, str | None], wanted: list[Part]
) -> 'dict[str, Joints]':
    """Modality → joints in its pictures, of a sample's first skeleton."""
    import numpy as np

    from mmbimodal.datasets.skeleton import find_layout, read_compact
    from mmbimodal.visualization import Joints

    tracked = next((parts[name] for name in parts if layouts[name]), None)
    if tracked is None:
        return {}
    skeleton = read_compact(tracked['filename'])
    found = {}
    for part in wanted:
        places = getattr(skeleton, part.name)
        if part.modality not in parts or places is None:
            continue
        video = parts[part.modality]
        size = part.size or video['original_shape']
        scale = np.divide(video['img_shape'], size)[::-1]
        scores = skeleton.score
        if scores is None:
            scores = skeleton.keypoint.any(-1).astype(float)
        frames = tracked['frame_inds']
        # pixels are counted from the corner, the axes from the middle of the first
        found[part.modality] = Joints(
            places[:, frames] * scale - 0.5,
            scores[:, frames],
            find_layout(skeleton.layout).edges,
        )
    return found


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
    layouts = find_layouts(args.ann_file)
    dataset = open_dataset(args, layouts)
    for i in choose(dataset, args.sample):
        sample = dataset[i]
        parts = {
            name: part
            for name, part in sample['modalities'].items()
            if part is not None
        }
        videos = {name: part for name, part in parts.items() if 'imgs' in part}
        figure = pair_figure(
            f'{sample["sample_id"]}: {dataset.metainfo["classes"][sample["label"]]}',
            {name: part['imgs'] for name, part in videos.items()},
            {name: part['visible'] for name, part in videos.items()}
            if args.truth
            else None,
            find_joints(parts, layouts, args.joints),
        )
        path = args.out / f'{sample["sample_id"]}.png'
        save_png(figure, path)
        print(path)


if __name__ == '__main__':
    arguments = parse_args()
    from mmbimodal.apis import one_sentence

    with one_sentence():
        main(arguments)
