"""Training killed at random moments ends as if it had never been killed.

The real Runner in forked processes, real files, real SIGKILL. It takes a
quarter of an hour and prints its table::

    SLOW_TESTS=1 pytest -s tests/test_engine/test_kill_campaign.py
"""

import os
import random
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

EPOCHS = 3


@HOOKS.register_module()
class SeedEpochHook(Hook):
    """Epochs draw the same numbers whether or not a process ends in between.

    mmengine saves no random state.
    """

    def before_train_epoch(self, runner):
        for seed in (random.seed, np.random.seed, torch.manual_seed):
            seed(runner.epoch)


@pytest.fixture
def config(tiny_config):
    tiny_config.train_cfg.max_epochs = EPOCHS
    tiny_config.train_cfg.val_interval = 1
    tiny_config.default_hooks.checkpoint.max_keep_ckpts = 1
    tiny_config.custom_hooks.append(dict(type='SeedEpochHook'))
    tiny_config.randomness = dict(seed=0)
    tiny_config.resume = True
    return tiny_config


def start_training(config, folder):
    """Fork a process that trains in ``folder``, or goes on there."""
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        silence = os.open(os.devnull, os.O_WRONLY)
        errors = os.open(f'{folder}.err', os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(silence, 1)
        os.dup2(errors, 2)
        torch.set_num_threads(1)
        config.work_dir = str(folder)
        config.experiment_name = f'{folder.name}_{os.getpid()}'
        Runner.from_cfg(config).train()
        status = 0
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        os._exit(status)


def has_ended(pid, seconds):
    """Whether the process ends by itself within that time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            return True, os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    return False, None


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
    """What a training leaves: last weights, best score, best checkpoint."""
    last = torch.load(folder / f'epoch_{EPOCHS}.pth', weights_only=True)
    info = last['message_hub']['runtime_info']
    return last['state_dict'], info['best_score'], best_saved(folder)


def campaign(config, root, kills, seed=0):
    """Kill ``kills`` times; returns what was counted.

    Raises:
        AssertionError: A resume failed, a checkpoint was lost, or a training
            ended otherwise than the one without kills.
    """
    reference = root / 'reference'
    begin = time.monotonic()
    ended, code = has_ended(start_training(config, reference), 300)
    assert ended and code == 0, Path(f'{reference}.err').read_text()
    duration = time.monotonic() - begin
    weights, score, best = outcome(reference)

    moments, count = random.Random(seed), Counter()
    folder, newest, has_best = root / 'training_0', 0, False
    while count['kills'] < kills:
        pid = start_training(config, folder)
        count['starts'] += 1
        count['resumes'] += newest > 0
        ended, code = has_ended(pid, moments.uniform(0, duration))
        if ended:
            assert code == 0, Path(f'{folder}.err').read_text()
            last, last_score, last_best = outcome(folder)
            assert equal(last, weights) and last_score == score
            assert last_best.keys() == best.keys()
            assert all(equal(last_best[name], best[name]) for name in best)
            assert not list(folder.glob('*.part'))
            count['finished'] += 1
            folder = root / f'training_{count["finished"]}'
            newest, has_best = 0, False
            continue
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        count['kills'] += 1
        count['kills inside a write'] += bool(list(folder.glob('*.part')))
        saved = epochs_saved(folder)
        count['lost checkpoints'] += max(saved, default=0) < newest
        had_best, has_best = has_best, bool(best_saved(folder))
        count['lost best checkpoints'] += had_best and not has_best
        newest = max(saved, default=0)
    return count, score


@pytest.mark.slow
def test_a_hundred_kills(config, tmp_path):
    count, score = campaign(config, tmp_path, 100)
    print(f'\n| final accuracy, with and without kills | {score:.4f} |')
    for name, number in count.items():
        print(f'| {name} | {number} |')
    assert count['lost checkpoints'] == count['lost best checkpoints'] == 0
    assert count['resumes'] > 0
