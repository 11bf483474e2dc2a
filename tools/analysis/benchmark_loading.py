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
from pathlib import Path

DECODERS = ('decord', 'pyav', 'opencv')


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add('ann', type=Path, metavar='ANN', help='annotation of the pairs')
    add(
        '--data-root',
        type=Path,
        metavar='DIR',
        help='default: the folder above that of ANN',
    )
    add(
        '--decoder',
        nargs='+',
        choices=DECODERS,
        default=DECODERS,
        help='default: all of them',
    )
    add(
        '--short-side',
        type=int,
        default=320,
        metavar='N',
        help='longest short side of a frame in training, in pixels; default: 320, '
        'cropped to 224',
    )
    add(
        '--reencode',
        type=int,
        default=340,
        metavar='N',
        help='short side of the re-encoded copies; default: 340',
    )
    add('--samples', type=int, default=24, metavar='N', help='pairs; default: 24')
    add('--repeat', type=int, default=1, metavar='N', help='loads of each; default: 1')
    add(
        '--workers',
        type=int,
        nargs='+',
        default=[],
        metavar='N',
        help='also through data loaders with N processes; 0: this process only',
    )
    add('--memory', action='store_true', help='also the memory over 2000 samples')
    add(
        '--generate',
        type=int,
        metavar='N',
        help='first write ANN and N pairs at the sizes of NTU RGB+D beside it',
    )
    add('--json', type=Path, metavar='FILE', help='write all figures')
    add('--markdown', action='store_true', help='print a Markdown table')
    args = parser.parse_args(argv)
    for name in ('short_side', 'reencode', 'samples', 'repeat', 'generate'):
        if getattr(args, name) is not None and getattr(args, name) < 1:
            parser.error(f'--{name.replace("_", "-")}: give 1 or more')
    if min(args.workers, default=0) < 0:
        parser.error('--workers: give 0 or more')
    return args


def read_samples(ann_file: Path, data_root: Path | None, count: int) -> list[dict]:
    """``count`` pairs at most, evenly spread over an annotation."""
    from mmbimodal.datasets.annotation import read_annotation, resolve
    from mmbimodal.datasets.sample import build_sample

    annotation = read_annotation(str(ann_file))
    root = str(data_root or ann_file.absolute().parent.parent)
    names = annotation['metainfo']['modalities']
    rows = annotation['data_list']
    count = min(count, len(rows))
    return [
        build_sample(
            row['sample_id'],
            {name: resolve(root, row[name]) for name in names if name in row},
            names,
            row['label'],
        )
        for row in (rows[i * len(rows) // count] for i in range(count))
    ]


def reencode_samples(samples: list[dict], folder: str, short_side: int) -> list[dict]:
    """The same pairs, re-encoded as ``prepare.py --reencode`` does."""
    from mmbimodal.datasets.reencode import reencode
    from mmbimodal.errors import InputError

    jobs, copies = [], []
    for number, sample in enumerate(samples):
        inner = {}
        for name, known in sample['modalities'].items():
            path = f'{folder}/{number}_{name}.mp4'
            inner[name] = known and dict(known, filename=path)
            if known:
                jobs.append((known['filename'], path))
        copies.append(dict(sample, modalities=inner))
    for path, fault in reencode(jobs, short_side).items():
        raise InputError(
            f'{path} {fault}: find out more with tools/data/check_pairs.py.'
        )
    return copies


def table(results: dict[str, dict[str, float]], stages: Sequence[str]) -> list[list]:
    """Milliseconds by row, and gains over the naive pipeline.

    By the clock, and in processor time, which is what counts as soon as the
    workers of a training use all processors.
    """
    rows = [['', *stages, 'all', 'CPU', 'pairs/s', 'gain', 'CPU gain']]
    naive = next(iter(results.values()))
    for name, x in results.items():
        rows.append([name, *(f'{x[key]:.1f}' for key in (*stages, 'total', 'cpu'))])
        rows[-1].append(f'{x["pairs_per_second"]:.2f}')
        rows[-1] += [f'{naive[key] / x[key]:.2f}' for key in ('total', 'cpu')]
    return rows


def main(args: argparse.Namespace) -> None:
    # A mistake in the arguments is answered before these seconds of imports.
    import cv2
    import torch
    from mmengine.registry import init_default_scope
    from rich.progress import track

    from mmbimodal.apis import benchmark_loading as loading
    from mmbimodal.apis import describe_machine, one_sentence
    from mmbimodal.datasets.annotation import write_text
    from mmbimodal.datasets.synthetic.ntu_size import write_ntu_size
    from mmbimodal.visualization import print_table

    init_default_scope('mmaction')
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    rows = list(args.decoder)
    if 'decord' in rows:
        rows.insert(0, loading.SCALED)
    with one_sentence(), tempfile.TemporaryDirectory() as folder:
        if args.generate:
            pairs = write_ntu_size(args.ann, args.generate)
            list(track(pairs, 'generating', args.generate))
        originals = read_samples(args.ann, args.data_root, args.samples)
        copies = reencode_samples(originals, folder, args.reencode)
        pipelines = {
            name: loading.Pipeline(samples, row, args.short_side)
            for name, samples, row in (
                (loading.NAIVE, originals, loading.NAIVE),
                *((row, originals, row) for row in rows),
                *((f'{row} @{args.reencode}', copies, row) for row in rows),
            )
        }
        machine = f'{describe_machine("cpu")}, load {os.getloadavg()[0]:.1f}'
        report = dict(
            machine=machine,
            threads=1,
            samples=len(originals),
            repeat=args.repeat,
            short_side=args.short_side,
            results=loading.compare(pipelines, args.repeat),
        )
        print(
            f'{machine}; decoders and OpenCV with 1 thread; {len(originals)} pairs, '
            f'{args.repeat} times; milliseconds; @{args.reencode}: re-encoded'
        )
        print_table(table(report['results'], loading.STAGES), args.markdown)
        report['workers'] = {
            name: {n: loading.throughput(x, n) for n in args.workers}
            for name, x in pipelines.items()
            if name.startswith((loading.NAIVE, loading.SCALED)) and args.workers
        }
        for name, found in report['workers'].items():
            for n, speed in found.items():
                per_worker = speed / max(n, 1)
                print(
                    f'{name}: {n} workers, {speed:.2f} pairs/s, {per_worker:.2f} each'
                )
        if args.memory:
            name = loading.SCALED if loading.SCALED in pipelines else loading.NAIVE
            report['memory'] = found = loading.measure_memory(pipelines[name])
            growth = found['last'] / found['first'] - 1
            print(
                f'{name}: {found["first"]:.1f} MiB resident after '
                f'{loading.MEMORY_FROM} samples, {found["last"]:.1f} after '
                f'{loading.MEMORY_TO} ({growth:+.1%}), {found["highest"]:.1f} at most'
            )
    if args.json:
        write_text(str(args.json), json.dumps(report, indent=1) + '\n')


if __name__ == '__main__':
    main(parse_args())
