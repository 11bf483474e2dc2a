"""What loading costs, stage by stage, with one decoder or another."""

import random
import time
from collections import defaultdict
from typing import Any

import numpy as np
from mmengine.dataset import Compose, pseudo_collate
from rich.console import Console
from rich.progress import track
from torch.utils.data import DataLoader

DECODERS = dict(decord='Decord', pyav='PyAV', opencv='OpenCV')
# 'decode' is with seeking.
STAGES = ('open', 'decode', 'resize', 'augment', 'collate')
NAIVE, SCALED = 'naive', 'scaled'
_BATCH = 8


def steps(row: str, short_side: int) -> list[tuple[str, dict]]:
    """The training pipeline of ``configs/_base_/pipelines/clip_8x224.py``.

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
        (
            'open',
            dict(
                type='SyncSample', transforms=[dict(type='UniformSample', clip_len=8)]
            ),
        ),
        *([('open', opener)] if row == NAIVE else []),
        ('decode', dict(type='ForEachModality', transforms=[decode])),
        (
            'resize',
            dict(type='SyncResize', short_side=(short_side * 13 // 16, short_side)),
        ),
        (
            'augment',
            dict(
                type='ForEachModality',
                shared=True,
                transforms=[
                    dict(type='RandomCrop', size=short_side * 7 // 10),
                    dict(type='Flip', flip_ratio=0.5),
                ],
            ),
        ),
        (
            'collate',
            dict(
                type='ForEachModality',
                transforms=[dict(type='FormatShape', input_format='NCTHW')],
            ),
        ),
        ('collate', dict(type='PackModalityInputs')),
    ]


class Pipeline:
    """A pipeline that notes how long each of its stages takes.

    Args:
        samples (list[dict]): Of :func:`build_sample`.
        row (str), short_side (int): See :func:`steps`.
    """

    def __init__(self, samples: list[dict], row: str, short_side: int) -> None:
        self.samples = samples
        self.stages = [
            (stage, Compose([transform])) for stage, transform in steps(row, short_side)
        ]
        self.times: dict[str, list[float]] = defaultdict(list)

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> dict[str, Any]:
        """One packed sample."""
        sample = self._start(index)
        for _, transform in self.stages:
            sample = transform(sample)
        return sample

    def measure(self, index: int) -> None:
        """Note milliseconds of one sample by the clock, stage by stage, and
        of the processor, which other programs do not lengthen."""
        sample, spent = self._start(index), dict.fromkeys(STAGES, 0.0)
        cpu = time.process_time()
        for stage, transform in (*self.stages, ('collate', self._collate)):
            start = time.perf_counter()
            sample = transform(sample)
            spent[stage] += time.perf_counter() - start
        spent.update(total=sum(spent.values()), cpu=time.process_time() - cpu)
        for key, seconds in spent.items():
            self.times[key].append(1e3 * seconds)

    def _start(self, index: int) -> dict[str, Any]:
        """The random choices are the same for every pipeline."""
        random.seed(index)
        np.random.seed(index)
        return self.samples[index]

    @staticmethod
    def _collate(sample: dict[str, Any]) -> dict[str, Any]:
        return pseudo_collate([sample])

    def result(self) -> dict[str, float]:
        """Median milliseconds of each stage, of all, and pairs per second."""
        medians = {key: float(np.median(values)) for key, values in self.times.items()}
        return dict(medians, pairs_per_second=1e3 / medians['total'])


def compare(pipelines: dict[str, Pipeline], repeat: int) -> None:
    """Every pipeline loads every sample ``repeat`` times, in turn.

    Their order changes from sample to sample: what a large video leaves in
    the caches of the processor slows the next one.
    """
    count = len(next(iter(pipelines.values())))
    turns, order = [*pipelines.values()], random.Random(0)
    for pipeline in pipelines.values():
        pipeline[0]  # what only the first one has to do
    for index in track(
        [*range(count)] * repeat,
        description='loading',
        console=Console(stderr=True),
        refresh_per_second=1,
    ):
        order.shuffle(turns)
        for pipeline in turns:
            pipeline.measure(index)


def throughput(pipeline: Pipeline, workers: int) -> float:
    """Pairs per second of a data loader, its processes running already."""
    loader = DataLoader(
        pipeline,
        _BATCH,
        num_workers=workers,
        persistent_workers=workers > 0,
        collate_fn=pseudo_collate,
    )
    for _ in range(2):
        start, count = time.perf_counter(), 0
        for batch in loader:
            count += len(batch['data_samples'])
    return count / (time.perf_counter() - start)
