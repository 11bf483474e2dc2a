"""Whatever moment a training dies at, what it saved stays usable."""

import errno
import inspect
import os
import resource
from pathlib import Path
from unittest.mock import Mock

import mmengine.fileio
import pytest
import torch
from mmaction.registry import HOOKS
from mmengine.evaluator import BaseMetric, Evaluator
from mmengine.hooks import CheckpointHook
from mmengine.logging import MessageHub, MMLogger
from mmengine.model import BaseModel
from mmengine.runner import Runner, find_latest_checkpoint
from mmengine.runner import checkpoint as upstream_checkpoint
from torch import nn
from torch.utils.data import DataLoader

from mmbimodal.compat import atomic_write, checkpoint_hook
from mmbimodal.errors import InputError


class Killed(BaseException):
    """Stands for SIGKILL: nothing of ours catches it."""


class Line(BaseModel):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))

    def forward(self, x, mode):
        return dict(loss=(self.weight - x).square().mean()) if mode == 'loss' else [x]


class Score(BaseMetric):
    """The accuracy is read from a list, one number an epoch."""

    def __init__(self, scores):
        super().__init__()
        self.scores, self.runner = scores, None

    def process(self, data_batch, data_samples):
        self.results.append(0)

    def compute_metrics(self, results):
        return dict(acc=self.scores[self.runner.epoch - 1])


@pytest.fixture
def make_runner(tmp_path):
    def make(scores=(0.1, 0.2, 0.3, 0.4), keep=1, **kwargs):
        score = Score(scores)
        runner = Runner(
            Line(),
            str(tmp_path),
            train_dataloader=DataLoader([dict(x=1.0)] * 2),
            val_dataloader=DataLoader([dict(x=1.0)]),
            train_cfg=dict(by_epoch=True, max_epochs=len(scores)),
            val_cfg=dict(),
            val_evaluator=Evaluator(score),
            optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.1)),
            default_hooks=dict(
                checkpoint=dict(
                    type='CheckpointHook',
                    interval=1,
                    max_keep_ckpts=keep,
                    save_best='acc',
                )
            ),
            default_scope='mmaction',
            experiment_name=f'{tmp_path.name}{os.urandom(4).hex()}',
            log_level='ERROR',
            **kwargs,
        )
        score.runner = runner
        return runner

    return make


def kill_at_write(monkeypatch, number):
    """Die in the given write of a checkpoint, the file half-written."""
    original, count = mmengine.fileio.LocalBackend.put, iter(range(1, 99))

    def put(self, obj, path):
        original(self, obj[: len(obj) // 2], path)
        if next(count) == number:
            monkeypatch.setattr(os, 'remove', lambda path: None)
            raise Killed
        original(self, obj, path)

    monkeypatch.setattr(mmengine.fileio.LocalBackend, 'put', put)


def whole(folder, pattern):
    found = []
    for path in folder.glob(pattern):
        torch.load(path, weights_only=True)
        found.append(path.name)
    return sorted(found)


# -- writing ----------------------------------------------------------------


@pytest.mark.parametrize('code', atomic_write.NO_SPACE)
def test_a_full_disk_is_one_sentence(tmp_path, monkeypatch, code):
    path = tmp_path / 'epoch_1.pth'
    path.write_bytes(b'old')

    def full_disk(self, obj, filepath):
        Path(filepath).write_bytes(obj[:2])
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(mmengine.fileio.LocalBackend, 'put', full_disk)
    with pytest.raises(InputError, match='epoch_1.pth could not .* --resume'):
        mmengine.fileio.put(b'new content', str(path))
    assert path.read_bytes() == b'old'
    assert os.listdir(tmp_path) == ['epoch_1.pth']
    with pytest.raises(InputError, match='a.json could not .* start again; what'):
        mmengine.fileio.put(b'new content', str(tmp_path / 'a.json'))


def test_a_real_limit_on_the_size_of_files(tmp_path):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, limits[1]))
    try:
        with pytest.raises(InputError, match='File too large'):
            mmengine.fileio.put(bytes(2**21), str(tmp_path / 'epoch_1.pth'))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert os.listdir(tmp_path) == []


def test_other_errors_pass_unchanged(tmp_path, monkeypatch):
    def denied(self, obj, filepath):
        raise PermissionError(errno.EACCES, 'Permission denied')

    monkeypatch.setattr(mmengine.fileio.LocalBackend, 'put', denied)
    with pytest.raises(PermissionError):
        mmengine.fileio.put(b'', str(tmp_path / 'epoch_1.pth'))


def test_upstream_still_writes_in_place():
    source = inspect.getsource(mmengine.fileio.LocalBackend.put)
    assert 'replace' not in source and 'rename' not in source


def test_local_files_go_through_the_atomic_backend(tmp_path):
    backend = mmengine.fileio.get_file_backend(str(tmp_path))
    assert isinstance(backend, atomic_write.AtomicLocalBackend)


# -- the checkpoint hook ----------------------------------------------------


def test_upstream_still_deletes_before_it_writes():
    for name in ('_save_checkpoint_with_step', '_save_best_checkpoint'):
        source = inspect.getsource(getattr(CheckpointHook, name))
        assert source.index('.remove(') < source.index('runner.save_checkpoint')
    assert HOOKS.get('CheckpointHook') is checkpoint_hook.SafeCheckpointHook


@pytest.mark.parametrize('write', range(4, 13))
def test_killed_in_any_write_there_is_one_of_each(
    make_runner, tmp_path, monkeypatch, write
):
    """Three writes an epoch: the last, the best, the last again."""
    kill_at_write(monkeypatch, write)
    with pytest.raises(Killed):
        make_runner().train()
    assert whole(tmp_path, 'epoch_*.pth')
    assert whole(tmp_path, 'best_*.pth')
    assert list(tmp_path.glob('*.part'))
    monkeypatch.undo()
    make_runner(resume=True).train()
    assert whole(tmp_path, '*.pth') == ['best_acc_epoch_4.pth', 'epoch_4.pth']
    last = torch.load(tmp_path / 'epoch_4.pth', weights_only=True)
    assert last['message_hub']['runtime_info']['best_score'] == 0.4
    assert not list(tmp_path.glob('*.part'))


@pytest.mark.parametrize('removal', range(1, 7))
def test_killed_before_a_removal_the_old_file_goes_later(
    make_runner, tmp_path, monkeypatch, removal
):
    """Two removals an epoch, from the second on: the last, the best."""
    original, count = mmengine.fileio.LocalBackend.remove, iter(range(1, 99))

    def remove(self, path):
        if next(count) == removal:
            raise Killed
        original(self, path)

    monkeypatch.setattr(mmengine.fileio.LocalBackend, 'remove', remove)
    with pytest.raises(Killed):
        make_runner().train()
    assert len(whole(tmp_path, '*.pth')) == 3
    monkeypatch.undo()
    make_runner(resume=True).train()
    assert whole(tmp_path, '*.pth') == ['best_acc_epoch_4.pth', 'epoch_4.pth']


def test_killed_once_more_last_checkpoint_names_a_file(
    make_runner, tmp_path, monkeypatch
):
    """The first kill comes before ``last_checkpoint`` is written."""
    with monkeypatch.context() as patch:
        replace = os.replace

        def die(part, path):
            if Path(path).name == 'last_checkpoint' and whole(tmp_path, 'epoch_2*'):
                raise Killed
            replace(part, path)

        patch.setattr(os, 'replace', die)
        with pytest.raises(Killed):
            make_runner().train()
    monkeypatch.setattr(Line, 'train_step', Mock(side_effect=Killed))
    with pytest.raises(Killed):
        make_runner(resume=True).train()
    assert whole(tmp_path, 'epoch_*.pth') == ['epoch_2.pth']
    named = (tmp_path / 'last_checkpoint').read_text()
    assert named == str(tmp_path / 'epoch_2.pth')


def test_a_checkpoint_has_no_other_file_removed(tmp_path):
    """Its list of replaced files is as trustworthy as the file itself."""
    outside = tmp_path.with_suffix('.pth')
    kept = [outside, tmp_path / 'data.json', tmp_path / 'epoch_1.pth']
    for path in kept:
        path.write_text('')
    hub = MessageHub('replaced')
    hub.update_info('last_ckpt', 'elsewhere/epoch_1.pth')
    names = [f'../{outside.name}', str(outside), 'data.json', 'epoch_1.pth']
    hub.update_info(checkpoint_hook.REPLACED, names)
    hook = checkpoint_hook.SafeCheckpointHook()
    hook.out_dir = str(tmp_path)
    hook.file_backend = mmengine.fileio.get_file_backend(hook.out_dir)
    hook.last_ckpt = str(tmp_path / 'epoch_1.pth')
    hook._remove_replaced(hub)
    assert all(path.exists() for path in kept)
    assert (tmp_path / 'last_checkpoint').read_text() == str(kept[2])


def test_what_a_kill_left_half_written_goes(make_runner, tmp_path):
    for name in ('epoch_9.pth', 'best_acc_epoch_9.pth', 'last_checkpoint'):
        (tmp_path / f'{name}.part').write_text('half')
    (tmp_path / 'notes.part').write_text("a user's own")
    make_runner().train()
    assert [x.name for x in tmp_path.glob('*.part')] == ['notes.part']


@pytest.mark.parametrize('write', range(1, 6))
def test_the_best_is_that_of_a_training_without_kills(
    make_runner, tmp_path, monkeypatch, write
):
    """The best epoch is the second; its validation may be what was killed."""
    scores = (0.1, 0.9, 0.2)
    kill_at_write(monkeypatch, write)
    with pytest.raises(Killed):
        make_runner(scores).train()
    monkeypatch.undo()
    make_runner(scores, resume=True).train()
    assert whole(tmp_path, 'best_*.pth') == ['best_acc_epoch_2.pth']


def test_old_checkpoints_are_still_removed(make_runner, tmp_path):
    make_runner(keep=2).train()
    assert whole(tmp_path, '*.pth') == [
        'best_acc_epoch_4.pth',
        'epoch_3.pth',
        'epoch_4.pth',
    ]


# -- last_checkpoint --------------------------------------------------------


@pytest.fixture
def two_epochs(tmp_path):
    """epoch_1.pth, epoch_2.pth and the record of the second."""
    for epoch in (1, 2):
        path = tmp_path / f'epoch_{epoch}.pth'
        torch.save(dict(meta=dict(epoch=epoch)), path)
        os.utime(path, (epoch, epoch))
    (tmp_path / 'last_checkpoint').write_text(str(path))
    torch.save({}, tmp_path / 'best_acc_epoch_9.pth')
    return tmp_path


def latest(folder):
    found = find_latest_checkpoint(str(folder))
    return found and Path(found).name


@pytest.mark.parametrize('content', ['', '\n', '/elsewhere/epoch_2.pth', '\0'])
def test_an_unusable_record_is_ignored_with_a_warning(two_epochs, content, monkeypatch):
    (two_epochs / 'last_checkpoint').write_text(content)
    logger, said = MMLogger.get_current_instance(), []
    monkeypatch.setattr(logger, 'log', lambda level, text: said.append(text))
    assert latest(two_epochs) == 'epoch_2.pth'
    assert 'last_checkpoint names no usable checkpoint' in said[0]


def test_a_damaged_checkpoint_is_passed_over(two_epochs):
    path = two_epochs / 'epoch_2.pth'
    path.write_bytes(path.read_bytes()[:-30])
    assert latest(two_epochs) == 'epoch_1.pth'


def test_a_record_one_epoch_behind(two_epochs):
    (two_epochs / 'last_checkpoint').write_text(str(two_epochs / 'epoch_1.pth'))
    assert latest(two_epochs) == 'epoch_2.pth'


def test_checkpoints_of_an_earlier_training_do_not_count(two_epochs):
    path = two_epochs / 'epoch_50.pth'
    torch.save({}, path)
    os.utime(path, (0, 0))
    assert latest(two_epochs) == 'epoch_2.pth'


def test_without_a_record_or_without_anything(two_epochs, tmp_path_factory):
    (two_epochs / 'last_checkpoint').unlink()
    assert latest(two_epochs) == 'epoch_2.pth'
    assert latest(tmp_path_factory.mktemp('empty')) is None


def test_the_record_is_never_half_written(make_runner, tmp_path, monkeypatch):
    runner = make_runner((0.1,))
    (tmp_path / 'last_checkpoint').write_text('old')

    seen = []
    monkeypatch.setattr(os, 'replace', lambda part, path: seen.append(path))
    runner.train()
    assert (tmp_path / 'last_checkpoint').read_text() == 'old'
    assert any(path.endswith('last_checkpoint') for path in seen)


def test_upstream_still_believes_the_record(tmp_path):
    source = inspect.getsource(CheckpointHook._save_checkpoint_with_step)
    assert "with open(save_file, 'w') as f" in source
    (tmp_path / 'last_checkpoint').write_text('')
    assert upstream_checkpoint.find_latest_checkpoint(str(tmp_path)) == ''
