"""Mean and standard deviation of every modality, for the preprocessor.

    python tools/analysis/modality_stats.py data/infar/annotations/train.json

Prints, per modality, the lines to paste into the ``data_preprocessor`` of a
config: per channel (RGB), in 0–255, over all pixels of frames that are evenly
spread over the videos.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

FRAMES_PER_VIDEO = 8


def evenly(count: int, wanted: int) -> list[int]:
    """``wanted`` of ``count`` indices, or all, at the middles of as many
    equal parts."""
    wanted = min(count, wanted)
    return ((np.arange(wanted) + 0.5) * count / wanted).astype(int).tolist()


def histogram(path: str) -> np.ndarray | None:
    """How often each of 256 values occurs in each channel of some frames of a
    video, [3, 256]; None if it cannot be decoded."""
    from mmbimodal.datasets.frames import open_frames
    from mmbimodal.errors import InputError

    counts = np.zeros((3, 256), np.int64)
    try:
        with open_frames(path) as reader:
            for frame in reader.read(evenly(len(reader), FRAMES_PER_VIDEO)):
                counts += [
                    np.bincount(channel.ravel(), minlength=256)
                    for channel in np.moveaxis(frame, -1, 0)
                ]
    except InputError:
        return None
    return counts


def mean_std(counts: np.ndarray) -> dict[str, list[float]]:
    """Per channel, of counts [3, 256]: sums of integers, so that neither the
    order nor the number of pixels costs precision."""
    values = np.arange(256, dtype=np.float64)
    total = counts.sum(1)
    mean = counts @ values / total
    variance = (counts * (values - mean[:, None]) ** 2).sum(1) / total
    return dict(mean=mean.round(3).tolist(), std=np.sqrt(variance).round(3).tolist())


def modality_stats(
    annotation: dict, data_root: str, num_samples: int, workers: int | None = None
) -> dict[str, dict]:
    """Modality → ``mean``, ``std``, ``videos``; those without videos (such as
    skeletons) are left out.

    Raises:
        InputError: If a video cannot be decoded.
    """
    from mmbimodal.datasets.annotation import resolve
    from mmbimodal.datasets.process_pool import parallel_map
    from mmbimodal.datasets.video_probe import VIDEO_SUFFIXES
    from mmbimodal.errors import InputError

    stats = {}
    for modality in annotation['metainfo']['modalities']:
        paths = [
            row[modality]
            for row in annotation['data_list']
            if Path(row.get(modality, '')).suffix.lower() in VIDEO_SUFFIXES
        ]
        if not paths:
            continue
        paths = [resolve(data_root, paths[i]) for i in evenly(len(paths), num_samples)]
        counts = parallel_map(
            histogram,
            paths,
            workers=workers,
            description=modality,
            crashed=lambda path: None,
        )
        for path, found in zip(paths, counts):
            if found is None:
                raise InputError(
                    f'cannot decode {path}: find out more with '
                    'tools/data/check_pairs.py.'
                )
        stats[modality] = dict(mean_std(sum(counts)), videos=len(paths))
    return stats


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument('ann', type=Path, metavar='ANN', help='annotation of the pairs')
    parser.add_argument(
        '--data-root',
        type=Path,
        metavar='DIR',
        help='default: the folder above that of ANN',
    )
    parser.add_argument(
        '--samples',
        type=int,
        default=500,
        metavar='N',
        help=f'videos per modality, {FRAMES_PER_VIDEO} frames of each; default: 500',
    )
    parser.add_argument('--json', type=Path, metavar='FILE', help='write the figures')
    return parser.parse_args(argv)


def main(args: argparse.Namespace) -> None:
    from mmbimodal.datasets.annotation import read_annotation, write_text
    from mmbimodal.errors import InputError

    if args.samples < 1:
        raise InputError(
            f'--samples {args.samples} is not a number of videos: give at least 1.'
        )
    data_root = args.data_root or args.ann.absolute().parent.parent
    stats = modality_stats(read_annotation(str(args.ann)), str(data_root), args.samples)
    for modality, row in stats.items():
        print(f'# {modality}, from {row["videos"]} videos')
        print(f'mean={row["mean"]}, std={row["std"]},')
    if args.json:
        write_text(str(args.json), json.dumps(stats, indent=1) + '\n')


if __name__ == '__main__':
    arguments = parse_args()
    from mmbimodal.apis import one_sentence

    with one_sentence():
        main(arguments)
