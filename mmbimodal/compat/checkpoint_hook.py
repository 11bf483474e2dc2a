"""Killed at the wrong moment, a training loses its best checkpoint.

``CheckpointHook`` of mmengine 0.10.7 deletes the best and the oldest
checkpoint before it writes the new one, and never validates the last saved
epoch when the kill came before its validation. A half-written file of a
killed process stays for ever. Can go when upstream deletes last.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mmaction.registry import HOOKS
from mmengine.dist import is_main_process
from mmengine.hooks import CheckpointHook
from mmengine.logging import MessageHub
from mmengine.runner import EpochBasedTrainLoop

from mmbimodal.compat.atomic_write import SUFFIX
from mmbimodal.compat.last_checkpoint import open_whole

# In a checkpoint: names of the files that it replaces.
REPLACED = 'replaced_ckpts'


class _LateRemoval:
    """A file backend that only notes what it is asked to remove.

    The next checkpoint holds the names, too: a kill between its writing and
    the removal would leave the old files for ever.
    """

    def __init__(self, backend: Any, hub: MessageHub) -> None:
        self._backend, self._hub = backend, hub
        self.requests: list[tuple] = []
        hub.update_info(REPLACED, [])

    def __getattr__(self, name: str) -> Any:
        return getattr(self._backend, name)

    def remove(self, path: str) -> None:
        self._note(self._backend.remove, path)

    def rmtree(self, path: str) -> None:
        self._note(self._backend.rmtree, path)

    def _note(self, remove: Callable[[str], None], path: str) -> None:
        self.requests.append((remove, path))
        names = [Path(path).name for _, path in self.requests]
        self._hub.update_info(REPLACED, names)


class SafeCheckpointHook(CheckpointHook):
    """:class:`mmengine.hooks.CheckpointHook` that writes first, deletes last."""

    def before_train(self, runner) -> None:
        """Clear what a kill left, and make up for a missed validation."""
        super().before_train(runner)
        if is_main_process():
            for pattern in ('*.pth', 'last_checkpoint'):
                for path in Path(self.out_dir).glob(pattern + SUFFIX):
                    path.unlink(missing_ok=True)
            self._remove_replaced(runner.message_hub)
        if self._missed_validation(runner):
            runner.logger.info(
                f'The validation of epoch {runner.epoch} did not end, or did not '
                'improve the best checkpoint: validating it first.'
            )
            # Becoming the best, the resumed checkpoint is written once more.
            self.last_ckpt = self.file_backend.join_path(
                self.out_dir, self.filename_tmpl.format(runner.epoch)
            )
            runner.val_loop.run()

    def _remove_replaced(self, hub: MessageHub) -> None:
        """Remove what the resumed checkpoint has replaced."""
        kept = {Path(path).name for path in self._written()}
        names = hub.get_info(REPLACED, [])
        resumed = Path(self.out_dir, Path(hub.get_info('last_ckpt', '')).name)
        if names and resumed.is_file():
            # The kill may have come before this file was written, too.
            with open_whole(f'{self.out_dir}/last_checkpoint', 'w') as file:
                file.write(str(resumed))
        for name in names:
            # A name from a file: no other folder, and nothing but checkpoints.
            path = self.file_backend.join_path(self.out_dir, Path(name).name)
            if name in kept or not path.endswith('.pth'):
                continue
            if self.file_backend.isdir(path):
                self.file_backend.rmtree(path)
            elif self.file_backend.exists(path):
                self.file_backend.remove(path)

    def _missed_validation(self, runner) -> bool:
        """Whether the resumed epoch may have no validation.

        A checkpoint is written before its epoch is validated, and once more
        if it turns out to be the best: only then it says that it is
        validated.
        """
        loop = runner.train_loop
        if (
            not self.save_best
            or runner.val_loop is None
            or not isinstance(loop, EpochBasedTrainLoop)
            or loop.epoch < max(loop.val_begin, 1)
        ):
            return False
        name = self.filename_tmpl.format(loop.epoch)
        best = [
            str(path)
            for key, path in runner.message_hub.runtime_info.items()
            if key.startswith('best_ckpt')
        ]
        is_due = loop.epoch % loop.val_interval == 0 or loop.epoch == loop.max_epochs
        return is_due and not any(path.endswith(f'_{name}') for path in best)

    def _save_checkpoint_with_step(self, runner, step, meta) -> None:
        with self._removal_last(runner.message_hub):
            super()._save_checkpoint_with_step(runner, step, meta)

    def _save_best_checkpoint(self, runner, metrics) -> None:
        with self._removal_last(runner.message_hub):
            super()._save_best_checkpoint(runner, metrics)

    @contextmanager
    def _removal_last(self, hub: MessageHub) -> Iterator[None]:
        """Remove old files after the block, and none if it fails."""
        backend = self.file_backend
        if isinstance(backend, _LateRemoval):  # the last, saved with the best
            yield
            return
        self.file_backend = late = _LateRemoval(backend, hub)
        try:
            yield
        finally:
            self.file_backend = backend
        written = self._written()
        for remove, path in late.requests:
            if path not in written:
                remove(path)

    def _written(self) -> set[str]:
        """Paths of the last checkpoint and of the best ones."""
        best = {None: getattr(self, 'best_ckpt_path', None)}
        best |= getattr(self, 'best_ckpt_path_dict', {})
        return {path for path in (self.last_ckpt, *best.values()) if path}


def register() -> None:
    """Shadow mmengine's hook in MMAction2's registry."""
    HOOKS.register_module(name='CheckpointHook', module=SafeCheckpointHook, force=True)
