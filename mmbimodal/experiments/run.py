"""One training and test of a row with one seed."""

import hashlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Optional

from mmengine.config import Config
from mmengine.runner import find_latest_checkpoint

from mmbimodal.apis import get_complexity, provenance
from mmbimodal.datasets.annotation import write_text
from mmbimodal.errors import InputError
from mmbimodal.evaluation import predicted_accuracy
from mmbimodal.visualization import read_scalars

from .options import merge_options
from .table import Row

_TOOLS = Path('tools')


class Run:
    """A row, a seed and the folder where they are trained and tested.

    The folder is named by the config and a digest of the options that change
    it, so that two tables share a run. Each step of it is skipped where its
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

    def __init__(
        self,
        row: Row,
        seed: int,
        configs: Path,
        root: Path,
        pretrained: Optional['Run'] = None,
    ) -> None:
        path = configs / row.config
        if not path.is_file():
            raise InputError(f'{row.name}: there is no config {path} for this data set')
        base = Config.fromfile(path)
        # What the base config has already makes no other run.
        changes = {
            key: value
            for key, value in sorted(row.options.items())
            if value != _lookup(base, key)
        }
        options = dict(changes)
        if pretrained is not None:
            options['model.backbone.init_cfg'] = dict(
                _delete_=True, type='Pretrained', checkpoint=str(pretrained.checkpoint)
            )
            changes['pretrained'] = pretrained.folder.name
        self.config = merge_options(base, options)
        digest = hashlib.sha256(
            json.dumps(changes, sort_keys=True).encode()
        ).hexdigest()[:8]
        self.source, self.options, self.seed = str(path), changes, seed
        self.folder = root / f'{path.stem}-{digest}-seed{seed}'
        self.config.randomness = dict(seed=seed)
        self.epochs = self.config.train_cfg.max_epochs

    @property
    def checkpoint(self) -> Path:
        """Weights after the last epoch."""
        return self.folder / 'train' / f'epoch_{self.epochs}.pth'

    @property
    def log(self) -> Path:
        """Output of the training and of the test."""
        return self.folder / 'log.txt'

    @property
    def _seconds(self) -> Path:
        return self.folder / 'train_seconds.txt'

    @property
    def result(self) -> dict[str, Any] | None:
        """What the test gave; None before it is there."""
        path = self.folder / 'result.json'
        return json.loads(path.read_text()) if path.is_file() else None

    def take_over(self, result: dict[str, Any]) -> bool:
        """Keep a result from elsewhere, where it is this run's.

        Args:
            result (dict): One run of a ``results.json``.

        Returns:
            bool: Whether config, options and seed are this run's. A result
            that is here already stays.
        """
        if (result['config'], result['options'], result['seed']) != (
            self.source,
            self.options,
            self.seed,
        ):
            return False
        if self.result is None:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._save(result)
        return True

    @property
    def epochs_done(self) -> int:
        """Epochs that have been trained."""
        if self.result or self.checkpoint.is_file():
            return self.epochs
        try:
            return read_scalars(self.folder / 'train').train[-1]['epoch'] - 1
        except InputError:  # nothing has been logged yet
            return 0

    def execute(self, environment: dict[str, str], lock: int) -> None:
        """Train and test, or what is left of it.

        Args:
            environment (dict[str, str]): Variables for the tools.
            lock (int): Descriptor that the tools hold open: the folder stays
                locked while one of them lives, even without us.

        Raises:
            InputError: A tool failed; the sentence names the log.
        """
        path = self.folder / 'config.py'
        if not path.is_file():
            self.config.dump(path)
        if not self.checkpoint.is_file():
            resume = find_latest_checkpoint(str(self.folder / 'train'))
            seconds = self._tool(
                'train.py',
                [
                    path,
                    '--work-dir',
                    self.folder / 'train',
                    *(['--resume'] if resume else []),
                ],
                environment,
                lock,
            )
            if not resume:
                write_text(str(self._seconds), f'{seconds:.1f}\n')
        predictions = self.folder / 'predictions.json'
        if not predictions.is_file():
            partial = self.folder / 'predictions.part.json'
            self._tool(
                'test.py',
                [
                    path,
                    self.checkpoint,
                    '--work-dir',
                    self.folder / 'test',
                    '--cfg-options',
                    'test_evaluator.type=SavePredictions',
                    f'test_evaluator.out_file={partial}',
                ],
                environment,
                lock,
            )
            os.replace(partial, predictions)
        self._write_result(predictions)

    def _tool(
        self, name: str, arguments: list[Any], environment: dict[str, str], lock: int
    ) -> float:
        """Run one of our tools to the end; CPU seconds that it took."""
        words = [sys.executable, str(_TOOLS / name), *map(str, arguments)]
        with open(self.log, 'a') as log:
            process = subprocess.Popen(
                words,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=environment,
                pass_fds=(lock,),
            )
            # the time of its data loaders is in it
            _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            lines = self.log.read_text().strip().splitlines() or ['']
            raise InputError(
                f'tools/{name} failed on {self.folder.name}: {lines[-1]} '
                f'(see {self.log}); mend it and run the same command again, '
                'which goes on from here'
            )
        return usage.ru_utime + usage.ru_stime

    def _write_result(self, predictions: Path) -> None:
        """Accuracies, cost and provenance as JSON."""
        top1, top5 = predicted_accuracy(str(predictions))
        cost = get_complexity(self.config)
        # Not known of a training that was interrupted.
        minutes = None
        if self._seconds.is_file():
            minutes = round(float(self._seconds.read_text()) / 60, 2)
        result = dict(
            top1=round(100 * top1, 2),
            top5=round(100 * top5, 2),
            gflops=cost['flops'] / 1e9,
            mparams=cost['params'] / 1e6,
            core_minutes=minutes,
            config=self.source,
            options=self.options,
            seed=self.seed,
            checkpoint=str(self.checkpoint),
            log=str(self.log),
            finished=time.strftime('%Y-%m-%d %H:%M:%S'),
            **provenance(),
        )
        self._save(result)

    def _save(self, result: dict[str, Any]) -> None:
        write_text(
            str(self.folder / 'result.json'), json.dumps(result, indent=1) + '\n'
        )


def _lookup(config: Config, key: str) -> Any:
    """The value at a dotted key; something unequal to all where none is."""
    node: Any = config._cfg_dict
    for part in key.split('.'):
        try:
            node = node[int(part) if isinstance(node, (list, tuple)) else part]
        except (LookupError, TypeError, ValueError):
            return object()
    return node
