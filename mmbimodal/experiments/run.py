"""One training and test of a row with one seed, and many of them."""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Optional

import numpy as np
import torch
from mmengine import fileio
from mmengine.config import Config
from rich.progress import track

from mmbimodal.apis import get_complexity, provenance
from mmbimodal.errors import InputError
from mmbimodal.evaluation import predicted_accuracy, read_predictions, subset

from .options import merge_options
from .table import Row


class Run:
    """A row, a seed and the folder where they are trained and tested.

    The folder is named by the config, a digest of the options and the seed,
    so that two tables share a run. Each step of it is skipped where its
    result is there, and resumes from the last epoch where it was interrupted.

    Args:
        row (Row): What to train.
        seed (int): Random seed.
        configs (Path): Folder of the config files.
        root (Path): Folder of the runs.
        pretrained (Run, optional): The run that gives the backbone's weights.

    Raises:
        InputError: There is no such config for the data set, or an option is
            read by nothing.
    """

    folder: Path

    def __init__(
        self,
        row: Row,
        seed: int,
        configs: Path,
        root: Path,
        pretrained: Optional['Run'] = None,
    ) -> None:
        self.source, self.options, self.seed = configs / row.config, row.options, seed
        self.subsets = row.subsets
        if not self.source.is_file():
            raise InputError(
                f'{row.name}: there is no config {self.source} for this data set'
            )
        self.config = merge_options(Config.fromfile(self.source), row.options)
        if pretrained is not None:
            self.options = dict(row.options, pretrained=pretrained.folder.name)
            self.config.model.backbone.init_cfg = dict(
                type='Pretrained', checkpoint=str(pretrained.checkpoint)
            )
        self.config.randomness = dict(seed=seed)
        digest = hashlib.sha256(json.dumps(self.options, sort_keys=True).encode())
        self.name = f'{self.source.stem}-{digest.hexdigest()[:8]}-seed'
        self.folder = root / f'{self.name}{seed}'

    @property
    def checkpoint(self) -> Path:
        """Weights after the last epoch."""
        return self.folder / 'train' / f'epoch_{self.config.train_cfg.max_epochs}.pth'

    @property
    def results(self) -> list[dict[str, Any]]:
        """What the tests gave, of all seeds of this row that are done."""
        paths = sorted(self.folder.parent.glob(f'{self.name}*/result.json'))
        return [json.loads(path.read_text()) for path in paths]

    def execute(self, environment: dict[str, str]) -> None:
        """Train and test, or what is left of it.

        The folder is locked meanwhile. The tools hold the lock, too: it stays
        as long as one of them lives, even without this process.

        Args:
            environment (dict[str, str]): Variables for the tools.

        Raises:
            InputError: A tool failed; the sentence names the log.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with open(self.folder / 'lock', 'w') as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (self.folder / 'result.json').is_file():
                self._execute(environment, lock.fileno())

    def _execute(self, *tool: Any) -> None:
        config, seconds = self.folder / 'config.py', self.folder / 'train_seconds.txt'
        predictions, train = self.folder / 'predictions.json', self.folder / 'train'
        if not config.is_file():
            self.config.dump(config)
        if not self.checkpoint.is_file():
            begun = train.is_dir()
            used = self._tool(
                *tool, 'train.py', config, '--work-dir', train, '--resume'
            )
            if not begun:  # not known of a training that was interrupted
                fileio.put_text(f'{used:.1f}\n', seconds)
        if not predictions.is_file():
            options = [
                '--cfg-options',
                'test_evaluator.type=SavePredictions',
                f'test_evaluator.out_file={predictions}',
            ]
            folder = self.folder / 'test'
            self._tool(
                *tool,
                'test.py',
                config,
                self.checkpoint,
                '--work-dir',
                folder,
                *options,
            )
        minutes = float(seconds.read_text()) / 60 if seconds.is_file() else None
        self._write_result(str(predictions), minutes)

    def _tool(
        self, environment: dict[str, str], lock: int, name: str, *arguments: Any
    ) -> float:
        """Run one of our tools to the end; CPU seconds that it took."""
        path = self.folder / 'log.txt'
        with open(path, 'a') as log:
            process = subprocess.Popen(
                [sys.executable, f'tools/{name}', *map(str, arguments)],
                stdout=log,
                stderr=subprocess.STDOUT,
                env=environment,
                pass_fds=(lock,),
            )
            # The time of its data loaders is in it.
            _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            lines = path.read_text().strip().splitlines() or ['']
            raise InputError(
                f'tools/{name} failed on {self.folder.name}: {lines[-1]} '
                f'(see {path}); mend it and run the same command again, '
                'which goes on from here'
            )
        return usage.ru_utime + usage.ru_stime

    def _write_result(self, predictions: str, minutes: float | None) -> None:
        """Accuracies, cost and provenance as JSON."""
        found = read_predictions(predictions)
        top1, top5 = predicted_accuracy(found)
        cost = get_complexity(self.config)
        parts = {name: subset(found, path) for name, path in self.subsets.items()}
        result = dict(
            top1=round(100 * top1, 2),
            top5=round(100 * top5, 2),
            samples=len(found.labels),
            classes=found.scores.shape[1],
            # one bit for each test sample, in the order of their ids
            right=np.packbits(found.right).tobytes().hex(),
            gflops=cost['flops'] / 1e9,
            mparams=cost['params'] / 1e6,
            core_minutes=minutes and round(minutes, 2),
            config=str(self.source),
            options=self.options,
            seed=self.seed,
            checkpoint=str(self.checkpoint),
            log=str(self.folder / 'log.txt'),
            finished=time.strftime('%Y-%m-%d %H:%M:%S'),
            **provenance(),
        )
        if parts:
            result['subsets'] = {
                name: dict(
                    top1=round(100 * float(part.right.mean()), 2),
                    samples=len(part.labels),
                )
                for name, part in parts.items()
            }
        text = json.dumps(result, indent=1)
        fileio.put_text(text + '\n', self.folder / 'result.json')


def execute_all(
    runs: Sequence[Run], jobs: int, finished: Callable[[], None] = lambda: None
) -> None:
    """Train and test what is not done yet, in the given order.

    Any number of processes can share the work: what another one does is
    waited for.

    Args:
        runs (Sequence[Run]): Runs without repetition.
        jobs (int): How many at a time, which share cores and GPUs.
        finished (Callable): Called after each run.

    Raises:
        InputError: A run failed. Those under way are finished before.
    """
    devices: SimpleQueue = SimpleQueue()
    for job in range(jobs):
        devices.put(str(job % max(torch.cuda.device_count(), 1)))
    # A thread that waits must not keep a core busy that another needs.
    threads = str(max((os.cpu_count() or 1) // jobs, 1))
    common = dict(OMP_WAIT_POLICY='passive', OMP_NUM_THREADS=threads) | os.environ

    def work(run: Run) -> None:
        device = devices.get()
        shared = torch.cuda.device_count() > 1
        try:
            run.execute(common | (dict(CUDA_VISIBLE_DEVICES=device) if shared else {}))
        finally:
            devices.put(device)

    with ThreadPoolExecutor(jobs) as pool:
        futures = {pool.submit(work, run): run for run in runs}
        try:
            for future in track(as_completed(futures), 'runs', len(futures)):
                future.result()
                print(f'{futures[future].folder} is done', flush=True)
                finished()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def copy_runs(source: Path, root: Path) -> int:
    """Copy finished runs of another machine that are not finished here.

    Args:
        source (Path): The folder of its runs, or one above it.
        root (Path): Folder of the runs here.

    Returns:
        int: How many were copied.

    Raises:
        InputError: There is no finished run in the folder.
    """
    found = [path.parent for path in source.rglob('result.json')]
    if not found:
        raise InputError(
            f'{source} holds no finished run (*/result.json): give the '
            '--work-dir of the other machine'
        )
    new = [x for x in found if not (root / x.name / 'result.json').is_file()]
    for folder in new:
        shutil.copytree(
            folder,
            root / folder.name,
            dirs_exist_ok=True,
            ignore=shutil.ignore_patterns('result.json', 'lock'),
        )
        # A run is finished when the last of its files is there.
        result = (folder / 'result.json').read_text()
        fileio.put_text(result, root / folder.name / 'result.json')
    return len(new)
