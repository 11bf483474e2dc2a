"""Training killed again and again ends as if it had never been killed.

The real Runner in forked processes, real files, real SIGKILL. Every killed
process has a checkpoint to go on from and has gone on from it; half of the
kills come at a random moment, half while a file is being written. It takes a
quarter of an hour and prints its table::

    SLOW_TESTS=1 pytest -s tests/test_engine/test_kill_campaign.py
"""

import os
import random
import shutil
import signal
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from mmaction.registry import HOOKS
from mmengine.hooks import Hook
from mmengine.runner import Runner

EPOCHS = 6
STARTED, ACCURACY = 'started_at_epoch', 'accuracy'
KINDS = dict(epoc='epoch_*.pth', best='best_*.pth', last='last_checkpoint')


@HOOKS.register_module()
class CampaignHook(Hook):
    """What the campaign needs of a training.

    Epochs draw the same numbers whether or not a process ends in between:
    mmengine saves no random state. Checkpoints are large enough to be hit
    while they are written, and each is better than the one before. The epoch
    that a process goes on from, and the accuracy that it reaches, are told.
    """

    padding = torch.zeros(2**20)  # 4 MiB

    def before_train(self, runner):
        Path(runner.work_dir, STARTED).write_text(str(runner.epoch))

    def before_train_epoch(self, runner):
        for seed in (random.seed, np.random.seed, torch.manual_seed):
            seed(runner.epoch)

    def after_val_epoch(self, runner, metrics):
        Path(runner.work_dir, ACCURACY).write_text(str(metrics['acc/top1']))
        weights = runner.model.parameters()
        metrics['size'] = float(sum(x.double().square().sum() for x in weights))

    def before_save_checkpoint(self, runner, checkpoint):
        checkpoint['padding'] = self.padding


@pytest.fixture
def config(tiny_config):
    tiny_config.train_cfg.max_epochs = EPOCHS
    tiny_config.train_cfg.val_interval = 1
    tiny_config.train_dataloader.update(batch_size=3)
    for split in ('train', 'val'):
        tiny_config[f'{split}_dataloader'].dataset.indices = 6
    tiny_config.default_hooks.checkpoint.max_keep_ckpts = 1
    tiny_config.default_hooks.checkpoint.update(save_best='size', rule='greater')
    tiny_config.optim_wrapper.optimizer.update(lr=0.02, weight_decay=0)
    tiny_config.custom_hooks.append(dict(type='CampaignHook'))
    tiny_config.randomness = dict(seed=0)
    tiny_config.resume = True
    return tiny_config


def build_runner(config, folder):
    """A Runner of the training in ``folder``; processes are forked of it."""
    config.work_dir = str(folder)
    config.experiment_name = folder.name
    return Runner.from_cfg(config)


def start_training(runner):
    """Fork a process that trains, or goes on where the last one was killed."""
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        silence = os.open(os.devnull, os.O_WRONLY)
        errors = os.open(f'{runner.work_dir}.err', os.O_WRONLY | os.O_CREAT)
        os.dup2(silence, 1)
        os.dup2(errors, 2)
        runner.train()
        status = 0
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        os._exit(status)


def exit_code(pid, unless):
    """The process's exit status, or None when the condition holds before."""
    while not unless():
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.001)
    return None


def after(seconds):
    """A condition that holds from that time on."""
    deadline = time.monotonic() + seconds
    return lambda: time.monotonic() >= deadline


def parts(folder):
    """Names of the files that are being written, or were when it was killed."""
    return {path.name for path in folder.glob('*.part')}


def inside_write(folder, number):
    """A condition that holds once that many further writes have begun."""
    known, begun = parts(folder), 0

    def holds():
        nonlocal known, begun
        now = parts(folder)
        begun += len(now - known)
        known = now
        return begun >= number

    return holds


def epochs_saved(folder):
    """Numbers of the checkpoints, each of which must load."""
    found = []
    for path in folder.glob('epoch_*.pth'):
        torch.load(path, weights_only=True)
        found.append(int(path.stem.split('_')[1]))
    return found


def best_saved(folder):
    """Names and weights of the best checkpoints, each of which must load."""
    return {
        path.name: torch.load(path, weights_only=True)['state_dict']
        for path in folder.glob('best_*.pth')
    }


def equal(one, other):
    return one.keys() == other.keys() and all(
        torch.equal(one[name], other[name]) for name in one
    )


def outcome(folder):
    """What a training leaves: accuracy, weights, best score and checkpoint."""
    last = torch.load(folder / f'epoch_{EPOCHS}.pth', weights_only=True)
    info = last['message_hub']['runtime_info']
    accuracy = float((folder / ACCURACY).read_text())
    return (accuracy, info['best_score']), last['state_dict'], best_saved(folder)


def is_usable(record):
    """Whether ``last_checkpoint`` names a checkpoint that is there."""
    return Path(record.read_text()).is_file()


def wait_for_start(pid, folder):
    """Epoch that a process goes on from, told when it begins to train.

    Files that a kill has left half-written are gone by then.
    """
    marker = folder / STARTED
    code = exit_code(
        pid, lambda: marker.is_file() and marker.read_text() and not parts(folder)
    )
    assert code is None, Path(f'{folder}.err').read_text()
    epoch = int(marker.read_text())
    marker.unlink()
    return epoch


def campaign(config, root, kills, seed):
    """Kill ``kills`` times; returns what was counted and the final accuracy.

    Raises:
        AssertionError: A training did not go on from its newest checkpoint, or
            ended otherwise than the one without kills.
    """
    torch.set_num_threads(1)
    reference = root / 'reference'
    pid = start_training(build_runner(config, reference))
    wait_for_start(pid, reference)
    begin = time.monotonic()
    assert exit_code(pid, after(300)) == 0, Path(f'{reference}.err').read_text()
    epoch_seconds = (time.monotonic() - begin) / EPOCHS
    scores, weights, best = outcome(reference)
    assert list(best) == [f'best_size_epoch_{EPOCHS}.pth'], 'no best is ever replaced'

    moments, count = random.Random(seed), Counter()
    folder, runner, newest, has_best = root / 'training_0', None, 0, False
    while count['kills'] < kills or newest:
        runner = runner or build_runner(config, folder)
        pid = start_training(runner)
        assert wait_for_start(pid, folder) == newest
        count['resumes'] += newest > 0
        if newest == 0:  # no kill before there is something to lose
            assert exit_code(pid, (folder / 'epoch_1.pth').exists) is None
        if count['kills'] >= kills:
            moment = after(300)
        elif moments.random() < 0.5:
            left = epoch_seconds * (EPOCHS + 0.5 - newest)
            moment = after(moments.uniform(0, left))
        else:
            moment = inside_write(folder, moments.randint(1, 3))
        code = exit_code(pid, moment)
        if code is not None:
            assert code == 0, Path(f'{folder}.err').read_text()
            last_scores, last, last_best = outcome(folder)
            assert equal(last, weights) and last_scores == scores
            assert last_best.keys() == best.keys()
            assert all(equal(last_best[name], best[name]) for name in best)
            assert not parts(folder) and epochs_saved(folder) == [EPOCHS]
            count['trainings finished'] += 1
            shutil.rmtree(folder)
            folder = root / f'training_{count["trainings finished"]}'
            runner, newest, has_best = None, 0, False
            continue
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        count['kills'] += 1
        count['kills inside a write'] += bool(parts(folder))
        for name in parts(folder):
            count[f'- of {KINDS[name[:4]]}'] += 1
        saved = epochs_saved(folder)
        count['lost checkpoints'] += max(saved, default=0) < max(newest, 1)
        had_best, has_best = has_best, bool(best_saved(folder))
        count['lost best checkpoints'] += had_best and not has_best
        record = folder / 'last_checkpoint'
        count['unusable last_checkpoint'] += record.exists() and not is_usable(record)
        newest = max(saved, default=0)
        print(dict(count), flush=True)
    return count, scores[0]


@pytest.mark.slow
@pytest.mark.parametrize('seed', [0, 1])
def test_fifty_kills(config, tmp_path, seed):
    count, accuracy = campaign(config, tmp_path, 50, seed)
    print(f'\n| final accuracy, with and without kills | {accuracy:.4f} |')
    for name, number in count.items():
        print(f'| {name} | {number} |')
    assert count['kills'] == count['resumes'] == 50
    assert count['kills inside a write'] >= 10
    for fault in (
        'lost checkpoints',
        'lost best checkpoints',
        'unusable last_checkpoint',
    ):
        assert count[fault] == 0
