"""Measure what loading pairs of videos costs, stage by stage.

    python tools/analysis/benchmark_loading.py ANN

Compared with a naive pipeline, which opens each file twice (once to count its
frames), decodes the sampled frames at the video's size and resizes them then.
All pipelines load the same frames of the same pairs in turn, in one process
and with one thread; the figures are medians over the pairs.
"""

import argparse
import json
import os
import tempfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import torch
from mmengine.registry import init_default_scope
from rich.console import Console
from rich.progress import track
from rich.table import Table

from mmbimodal.apis import one_sentence
from mmbimodal.apis.benchmark import describe_machine
from mmbimodal.apis.benchmark_loading import (
    DECODERS,
    NAIVE,
    SCALED,
    STAGES,
    Pipeline,
    compare,
    throughput,
)
from mmbimodal.datasets.annotation import read_annotation, resolve, write_text
from mmbimodal.datasets.reencode import reencode
from mmbimodal.datasets.sample import build_sample
from mmbimodal.datasets.synthetic.ntu_size import write_ntu_size
from mmbimodal.errors import InputError
from mmbimodal.visualization import markdown_lines

MEMORY_FROM, MEMORY_TO = 200, 2000


def load_samples(args: argparse.Namespace) -> list[dict]:
    """``args.samples`` pairs, evenly spread over the annotation."""
    annotation = read_annotation(str(args.ann))
    root = str(args.data_root or args.ann.absolute().parent.parent)
    names = annotation['metainfo']['modalities']
    rows = annotation['data_list']
    picked = np.linspace(0, len(rows) - 1, min(args.samples, len(rows)))
    return [
        build_sample(
            row['sample_id'],
            {name: resolve(root, row[name]) for name in names if name in row},
            names,
            row['label'],
        )
        for row in (rows[int(i)] for i in picked)
    ]


def smaller(samples: list[dict], folder: str, short_side: int) -> list[dict]:
    """The same pairs, re-encoded as ``prepare.py --reencode`` does."""
    jobs, copies = [], []
    for number, sample in enumerate(samples):
        inner = {}
        for name, known in sample['modalities'].items():
            path = f'{folder}/{number}_{name}.avi'
            inner[name] = known and dict(known, filename=path)
            if known:
                jobs.append((known['filename'], path))
        copies.append(dict(sample, modalities=inner))
    for path, fault in reencode(jobs, short_side).items():
        raise InputError(
            f'{path} {fault}: find out more with tools/data/check_pairs.py.'
        )
    return copies


def resident() -> float:
    """Memory of this process in MiB."""
    try:
        pages = int(Path('/proc/self/statm').read_text().split()[1])
    except OSError as error:
        raise InputError(
            '--memory reads /proc/self/statm, which only Linux has: leave it out.'
        ) from error
    return pages * os.sysconf('SC_PAGE_SIZE') / 2**20


def memory(pipeline: Pipeline) -> dict[str, float]:
    """Resident memory while ``MEMORY_TO`` samples are loaded, in MiB."""
    seen = []
    for number in track(
        range(MEMORY_TO),
        description='memory',
        console=Console(stderr=True),
        refresh_per_second=1,
    ):
        pipeline[number % len(pipeline)]
        if number + 1 >= MEMORY_FROM:
            seen.append(resident())
    return dict(first=seen[0], last=seen[-1], highest=max(seen))


def table(results: dict[str, dict[str, float]], markdown: bool) -> None:
    """Milliseconds by row, and gains over the naive pipeline.

    By the clock, and in processor time: this is what counts as soon as the
    workers of a training use all processors.
    """
    head = ['', *STAGES, 'all', 'CPU', 'pairs/s', 'gain', 'CPU gain']
    naive = results[NAIVE]
    lines = [
        [
            name,
            *(f'{x[key]:.1f}' for key in (*STAGES, 'total', 'cpu')),
            f'{x["pairs_per_second"]:.2f}',
            f'{naive["total"] / x["total"]:.2f}',
            f'{naive["cpu"] / x["cpu"]:.2f}',
        ]
        for name, x in results.items()
    ]
    if markdown:
        print('\n'.join(markdown_lines([head, *lines])))
        return
    grid = Table(box=None)
    for title in head:
        grid.add_column(title, no_wrap=True, justify='right' if title else 'left')
    for line in lines:
        grid.add_row(*line)
    Console(width=104).print(grid)


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('ann', type=Path, metavar='ANN')
    parser.add_argument(
        '--data-root',
        type=Path,
        metavar='DIR',
        help='default: the folder above that of ANN',
    )
    parser.add_argument(
        '--decoder', nargs='+', choices=DECODERS, default=list(DECODERS)
    )
    parser.add_argument(
        '--short-side',
        type=int,
        default=320,
        metavar='N',
        help='most pixels that the training uses of the '
        'short side; default: 320, cropped to 224',
    )
    parser.add_argument(
        '--reencode',
        type=int,
        default=340,
        metavar='N',
        help='short side of the re-encoded copies; default: 340',
    )
    parser.add_argument('--samples', type=int, default=24, metavar='N')
    parser.add_argument(
        '--repeat',
        type=int,
        default=1,
        metavar='N',
        help='times that each pair is loaded',
    )
    parser.add_argument(
        '--workers',
        type=int,
        nargs='+',
        default=[],
        metavar='N',
        help='also through data loaders with so many processes; 0: none but this one',
    )
    parser.add_argument(
        '--memory',
        action='store_true',
        help=f'also the memory from sample {MEMORY_FROM} to {MEMORY_TO}',
    )
    parser.add_argument(
        '--generate',
        type=int,
        metavar='N',
        help='first write ANN and N pairs at the sizes of NTU RGB+D beside it',
    )
    parser.add_argument('--json', type=Path, metavar='FILE')
    parser.add_argument(
        '--markdown', action='store_true', help='print a Markdown table'
    )
    args = parser.parse_args(argv)
    for name in ('short_side', 'reencode', 'samples', 'repeat', 'generate'):
        if getattr(args, name) is not None and getattr(args, name) < 1:
            parser.error(f'--{name.replace("_", "-")}: give 1 or more')
    if min(args.workers, default=0) < 0:
        parser.error('--workers: give 0 or more')
    return args


def main(args: argparse.Namespace) -> None:
    init_default_scope('mmaction')
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    if args.generate:
        for _ in track(
            write_ntu_size(args.ann, args.generate),
            'generating',
            args.generate,
            console=Console(stderr=True),
        ):
            pass
    originals = load_samples(args)
    rows = [
        NAIVE,
        *(name for name in args.decoder if name != 'pyav' or find_spec('av')),
    ]
    if 'decord' in rows:
        rows.insert(1, SCALED)
    with tempfile.TemporaryDirectory() as folder:
        sources = {
            '': originals,
            f' @{args.reencode}': smaller(originals, folder, args.reencode),
        }
        pipelines = {
            row + source: Pipeline(samples, row, args.short_side)
            for source, samples in sources.items()
            for row in rows
            if row != NAIVE or not source
        }
        compare(pipelines, args.repeat)
        results = {name: x.result() for name, x in pipelines.items()}
        report = dict(
            machine=f'{describe_machine("cpu")}, {os.cpu_count()} CPUs, '
            f'load {os.getloadavg()[0]:.1f}',
            threads=1,
            samples=len(originals),
            repeat=args.repeat,
            short_side=args.short_side,
            results=results,
        )
        print(
            f'{report["machine"]}; decoders and OpenCV with 1 thread; '
            f'{len(originals)} pairs, {args.repeat} times; '
            f'milliseconds; @{args.reencode}: re-encoded'
        )
        table(results, args.markdown)
        if 'pyav' in args.decoder and 'pyav' not in rows:
            print('pyav: not installed (pip install av)')
        report['workers'] = {
            name: {n: throughput(pipelines[name], n) for n in args.workers}
            for name in pipelines
            if name.startswith((NAIVE, SCALED)) and args.workers
        }
        for name, found in report['workers'].items():
            for n, speed in found.items():
                print(
                    f'{name}: {n} workers, {speed:.2f} pairs/s, '
                    f'{speed / max(n, 1):.2f} per worker'
                )
        if args.memory:
            name = SCALED if SCALED in pipelines else NAIVE
            report['memory'] = found = memory(pipelines[name])
            growth = found['last'] / found['first'] - 1
            print(
                f'{name}: {found["first"]:.1f} MiB resident after '
                f'{MEMORY_FROM} samples, {found["last"]:.1f} after '
                f'{MEMORY_TO} ({growth:+.1%}), {found["highest"]:.1f} at '
                'most'
            )
    if args.json:
        write_text(str(args.json), json.dumps(report, indent=1) + '\n')


if __name__ == '__main__':
    with one_sentence():
        main(parse_args())
