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
import platform
import random
import tempfile
import time
from collections import defaultdict
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Dict, List, Sequence, Tuple

import cv2
import numpy as np
import torch
from mmengine.dataset import Compose, pseudo_collate
from mmengine.registry import init_default_scope
from rich.console import Console
from rich.progress import track
from rich.table import Table
from torch.utils.data import DataLoader

from mmbimodal.apis import one_sentence
from mmbimodal.datasets.annotation import read_annotation, resolve, write_text
from mmbimodal.datasets.reencode import reencode
from mmbimodal.datasets.sample import build_sample
from mmbimodal.datasets.synthetic.ntu_size import write_ntu_size
from mmbimodal.errors import InputError

DECODERS = dict(decord='Decord', pyav='PyAV', opencv='OpenCV')
# 'decode' is with seeking.
STAGES = ('open', 'decode', 'resize', 'augment', 'collate')
NAIVE, SCALED = 'naive', 'scaled'
MEMORY_FROM, MEMORY_TO, BATCH = 200, 2000, 8


def steps(row: str, short_side: int) -> List[Tuple[str, dict]]:
    """The training pipeline of ``configs/_base_/datasets/paired_video.py``.

    Args:
        row (str): ``NAIVE``, ``SCALED`` or a key of ``DECODERS``.
        short_side (int): Upper end of its range; at 320 the rest is as in
            the config, and in proportion otherwise.

    Returns:
        list[tuple[str, dict]]: Stage and transform.
    """
    prefix = DECODERS.get(row, 'Decord')
    opener, decode = dict(type=f'{prefix}Init'), dict(type=f'{prefix}Decode')
    if row == SCALED:
        opener = dict(type='ScaledDecordInit', short_side=short_side)
        decode = dict(type='ScaledDecordDecode')
    opener = dict(type='ForEachModality', transforms=[opener])
    return [
        ('open', opener),
        ('open', dict(type='SyncSample', transforms=[
            dict(type='UniformSample', clip_len=8)])),
        *([('open', opener)] if row == NAIVE else []),
        ('decode', dict(type='ForEachModality', transforms=[decode])),
        ('resize', dict(type='SyncResize',
                        short_side=(short_side * 13 // 16, short_side))),
        ('augment', dict(type='ForEachModality', shared=True, transforms=[
            dict(type='RandomCrop', size=short_side * 7 // 10),
            dict(type='Flip', flip_ratio=0.5)])),
        ('collate', dict(type='ForEachModality', transforms=[
            dict(type='FormatShape', input_format='NCTHW')])),
        ('collate', dict(type='PackModalityInputs')),
    ]


class Pipeline:
    """A pipeline that notes how long each of its stages takes.

    Args:
        samples (list[dict]): Of :func:`build_sample`.
        row (str), short_side (int): See :func:`steps`.
    """

    def __init__(self, samples: List[dict], row: str,
                 short_side: int) -> None:
        self.samples = samples
        self.stages = [(stage, Compose([transform]))
                       for stage, transform in steps(row, short_side)]
        self.times: Dict[str, List[float]] = defaultdict(list)

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> Dict[str, Any]:
        """One packed sample."""
        sample = self._start(index)
        for _, transform in self.stages:
            sample = transform(sample)
        return sample

    def measure(self, index: int) -> None:
        """Note milliseconds of one sample by the clock, stage by stage, and
        of the processor, which other programs do not lengthen."""
        sample, spent = self._start(index), dict.fromkeys(STAGES, 0.)
        cpu = time.process_time()
        for stage, transform in (*self.stages, ('collate', self._collate)):
            start = time.perf_counter()
            sample = transform(sample)
            spent[stage] += time.perf_counter() - start
        spent.update(
            total=sum(spent.values()), cpu=time.process_time() - cpu)
        for key, seconds in spent.items():
            self.times[key].append(1e3 * seconds)

    def _start(self, index: int) -> Dict[str, Any]:
        """The random choices are the same for every pipeline."""
        random.seed(index)
        np.random.seed(index)
        return self.samples[index]

    @staticmethod
    def _collate(sample: Dict[str, Any]) -> Dict[str, Any]:
        return pseudo_collate([sample])

    def result(self) -> Dict[str, float]:
        """Median milliseconds of each stage, of all, and pairs per second."""
        medians = {
            key: float(np.median(values))
            for key, values in self.times.items()
        }
        return dict(medians, pairs_per_second=1e3 / medians['total'])


def load_samples(args: argparse.Namespace) -> List[dict]:
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
            names, row['label'])
        for row in (rows[int(i)] for i in picked)
    ]


def smaller(samples: List[dict], folder: str, short_side: int) -> List[dict]:
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
        raise InputError(f'{path} {fault}: find out more with '
                         'tools/data/check_pairs.py.')
    return copies


def compare(pipelines: Dict[str, Pipeline], repeat: int) -> None:
    """Every pipeline loads every sample ``repeat`` times, in turn.

    Their order changes from sample to sample: what a large video leaves in
    the caches of the processor slows the next one.
    """
    count = len(next(iter(pipelines.values())))
    turns, order = [*pipelines.values()], random.Random(0)
    for pipeline in pipelines.values():
        pipeline[0]  # what only the first one has to do
    for index in track([*range(count)] * repeat, description='loading',
                       console=Console(stderr=True), refresh_per_second=1):
        order.shuffle(turns)
        for pipeline in turns:
            pipeline.measure(index)


def throughput(pipeline: Pipeline, workers: int) -> float:
    """Pairs per second of a data loader, its processes running already."""
    loader = DataLoader(
        pipeline, BATCH, num_workers=workers, persistent_workers=workers > 0,
        collate_fn=pseudo_collate)
    for _ in range(2):
        start, count = time.perf_counter(), 0
        for batch in loader:
            count += len(batch['data_samples'])
    return count / (time.perf_counter() - start)


def resident() -> float:
    """Memory of this process in MiB."""
    try:
        pages = int(Path('/proc/self/statm').read_text().split()[1])
    except OSError as error:
        raise InputError('--memory reads /proc/self/statm, which only Linux '
                         'has: leave it out.') from error
    return pages * os.sysconf('SC_PAGE_SIZE') / 2**20


def memory(pipeline: Pipeline) -> Dict[str, float]:
    """Resident memory while ``MEMORY_TO`` samples are loaded, in MiB."""
    seen = []
    for number in track(range(MEMORY_TO), description='memory',
                        console=Console(stderr=True), refresh_per_second=1):
        pipeline[number % len(pipeline)]
        if number + 1 >= MEMORY_FROM:
            seen.append(resident())
    return dict(first=seen[0], last=seen[-1], highest=max(seen))


def table(results: Dict[str, Dict[str, float]], markdown: bool) -> None:
    """Milliseconds by row, and gains over the naive pipeline.

    By the clock, and in processor time: this is what counts as soon as the
    workers of a training use all processors.
    """
    head = ['', *STAGES, 'all', 'CPU', 'pairs/s', 'gain', 'CPU gain']
    naive = results[NAIVE]
    lines = [[
        name, *(f'{x[key]:.1f}' for key in (*STAGES, 'total', 'cpu')),
        f'{x["pairs_per_second"]:.2f}',
        f'{naive["total"] / x["total"]:.2f}', f'{naive["cpu"] / x["cpu"]:.2f}'
    ] for name, x in results.items()]
    if markdown:
        for line in (head, ['---'] * len(head), *lines):
            print(f'| {" | ".join(line)} |')
        return
    grid = Table(box=None)
    for title in head:
        grid.add_column(title, no_wrap=True, justify='right' if title else
                        'left')
    for line in lines:
        grid.add_row(*line)
    Console(width=104).print(grid)


def parse_args(argv: Sequence[str] = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('ann', type=Path, metavar='ANN')
    parser.add_argument('--data-root', type=Path, metavar='DIR',
                        help='default: the folder above that of ANN')
    parser.add_argument('--decoder', nargs='+', choices=DECODERS,
                        default=list(DECODERS))
    parser.add_argument('--short-side', type=int, default=320, metavar='N',
                        help='most pixels that the training uses of the '
                        'short side; default: 320, cropped to 224')
    parser.add_argument('--reencode', type=int, default=340, metavar='N',
                        help='short side of the re-encoded copies; default: '
                        '340')
    parser.add_argument('--samples', type=int, default=24, metavar='N')
    parser.add_argument('--repeat', type=int, default=1, metavar='N',
                        help='times that each pair is loaded')
    parser.add_argument('--workers', type=int, nargs='+', default=[],
                        metavar='N', help='also through data loaders with so '
                        'many processes; 0: none but this one')
    parser.add_argument('--memory', action='store_true',
                        help='also the memory from sample '
                        f'{MEMORY_FROM} to {MEMORY_TO}')
    parser.add_argument('--generate', type=int, metavar='N',
                        help='first write ANN and N pairs at the sizes of '
                        'NTU RGB+D beside it')
    parser.add_argument('--json', type=Path, metavar='FILE')
    parser.add_argument('--markdown', action='store_true',
                        help='print a Markdown table')
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
        for _ in track(write_ntu_size(args.ann, args.generate), 'generating',
                       args.generate, console=Console(stderr=True)):
            pass
    originals = load_samples(args)
    rows = [NAIVE, *(name for name in args.decoder
                     if name != 'pyav' or find_spec('av'))]
    if 'decord' in rows:
        rows.insert(1, SCALED)
    with tempfile.TemporaryDirectory() as folder:
        sources = {
            '': originals,
            f' @{args.reencode}': smaller(originals, folder,
                                                     args.reencode)
        }
        pipelines = {
            row + source: Pipeline(samples, row, args.short_side)
            for source, samples in sources.items() for row in rows
            if row != NAIVE or not source
        }
        compare(pipelines, args.repeat)
        results = {name: x.result() for name, x in pipelines.items()}
        report = dict(
            machine=f'{platform.processor() or platform.machine()}, '
            f'{os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}',
            threads=1, samples=len(originals), repeat=args.repeat,
            short_side=args.short_side, results=results)
        print(f'{report["machine"]}; 1 thread of each decoder, OpenCV and '
              f'torch; {len(originals)} pairs, {args.repeat} times; '
              f'milliseconds; @{args.reencode}: re-encoded')
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
                print(f'{name}: {n} workers, {speed:.2f} pairs/s, '
                      f'{speed / max(n, 1):.2f} per worker')
        if args.memory:
            name = SCALED if SCALED in pipelines else NAIVE
            report['memory'] = found = memory(pipelines[name])
            growth = found['last'] / found['first'] - 1
            print(f'{name}: {found["first"]:.1f} MiB resident after '
                  f'{MEMORY_FROM} samples, {found["last"]:.1f} after '
                  f'{MEMORY_TO} ({growth:+.1%}), {found["highest"]:.1f} at '
                  'most')
    if args.json:
        write_text(str(args.json), json.dumps(report, indent=1) + '\n')


if __name__ == '__main__':
    with one_sentence():
        main(parse_args())
