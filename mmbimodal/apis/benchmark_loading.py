"""Cost of loading, stage by stage, for several decoders."""

import os
import random
import time
from collections import defaultdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.dataset import Compose, pseudo_collate
from rich.console import Console
from rich.progress import track
from torch.utils.data import DataLoader

from mmbimodal.errors import InputError

DECODERS = dict(decord='Decord', pyav='PyAV', opencv='OpenCV')
# 'decode' is with seeking.
STAGES = ('open', 'decode', 'resize', 'augment', 'collate')
NAIVE, SCALED = 'naive', 'scaled'
MEMORY_FROM, MEMORY_TO = 200, 2000
_BATCH = 8
_progress = partial(track, console=Console(stderr=True), refresh_per_second=1)


def steps(row: str, short_side: int) -> list[tuple[str, dict]]:
    """The training pipeline of ``configs/_base_/pipelines/clip_8x224.py``.

    Args:
        row (str): ``NAIVE``, ``SCALED`` or a key of ``DECODERS``.
        short_side (int): Upper end of its range; at 320 the rest is as in
            the configs, and in proportion otherwise.

    Returns:
        list[tuple[str, dict]]: Stage and transform.
    """
    prefix = DECODERS.get(row, 'Decord')
    opener, decode = dict(type=f'{prefix}Init'), dict(type=f'{prefix}Decode')
    if row == SCALED:
        opener = dict(type='OpenVideo', short_side=short_side)
        decode = dict(type='DecodeVideo')
    crop = dict(type='RandomCrop', size=short_side * 7 // 10)
    sides = (short_side * 13 // 16, short_side)

    def each(*transforms: dict, **options: Any) -> dict:
        return dict(type='ForEachModality', transforms=list(transforms), **options)

    uniform = dict(type='UniformSample', clip_len=8)
    return [
        ('open', each(opener)),
        ('open', dict(type='SyncSample', transforms=[uniform])),
        *([('open', each(opener))] if row == NAIVE else []),
        ('decode', each(decode)),
        ('resize', dict(type='SyncResize', short_side=sides, max_distortion=1.5)),
        ('augment', each(crop, dict(type='Flip', flip_ratio=0.5), shared=True)),
        ('collate', each(dict(type='FormatShape', input_format='NCTHW'))),
        ('collate', dict(type='PackModalityInputs')),
    ]


class Pipeline:
    """A pipeline that notes how long each of its stages takes.

    Args:
        samples (list[dict]): Of :func:`mmbimodal.datasets.sample.build_sample`.
        row (str), short_side (int): See :func:`steps`.
    """

    def __init__(self, samples: list[dict], row: str, short_side: int) -> None:
        self.samples = samples
        self.stages = [(x, Compose([y])) for x, y in steps(row, short_side)]
        self.times: dict[str, list[float]] = defaultdict(list)

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> dict[str, Any]:
        """One packed sample; its times in milliseconds are noted.

        The time of the processor is noted as well, because other programs do
        not lengthen it.
        """
        # The random choices are the same for every pipeline.
        random.seed(index)
        np.random.seed(index)
        sample, spent = self.samples[index], dict.fromkeys(STAGES, 0.0)
        cpu = time.process_time()
        for stage, transform in self.stages:
            start = time.perf_counter()
            sample = transform(sample)
            spent[stage] += time.perf_counter() - start
        spent.update(total=sum(spent.values()), cpu=time.process_time() - cpu)
        for key, seconds in spent.items():
            self.times[key].append(1e3 * seconds)
        return sample

    def result(self) -> dict[str, float]:
        """Median milliseconds of each stage, of all, and pairs per second."""
        medians = {key: float(np.median(values)) for key, values in self.times.items()}
        return dict(medians, pairs_per_second=1e3 / medians['total'])


def compare(pipelines: dict[str, Pipeline], repeat: int) -> dict[str, dict]:
    """Every pipeline loads every sample ``repeat`` times, in turn.

    Their order changes from sample to sample, because a large video fills the
    caches of the processor and slows the next pipeline.
    """
    turns, order = [*pipelines.values()], random.Random(0)
    for pipeline in turns:
        pipeline[0]  # what only the first one has to do
        pipeline.times.clear()
    for index in _progress([*range(len(turns[0]))] * repeat, 'loading'):
        order.shuffle(turns)
        for pipeline in turns:
            pipeline[index]
    return {name: x.result() for name, x in pipelines.items()}


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
        start = time.perf_counter()
        count = sum(len(batch['data_samples']) for batch in loader)
    return count / (time.perf_counter() - start)


def measure_memory(pipeline: Pipeline) -> dict[str, float]:
    """Resident memory in MiB after ``MEMORY_FROM`` and ``MEMORY_TO`` samples,
    and the highest between them."""
    seen = []
    for number in _progress(range(MEMORY_TO), 'memory'):
        pipeline[number % len(pipeline)]
        if number + 1 >= MEMORY_FROM:
            seen.append(_resident())
    return dict(first=seen[0], last=seen[-1], highest=max(seen))


def _resident() -> float:
    """Memory of this process in MiB."""
    try:
        pages = int(Path('/proc/self/statm').read_text().split()[1])
    except OSError as error:
        raise InputError(
            '--memory reads /proc/self/statm, which only Linux has: leave it out.'
        ) from error
    return pages * os.sysconf('SC_PAGE_SIZE') / 2**20
