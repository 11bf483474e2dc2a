"""The command lines, as a user runs them: processes, files, exit codes."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import mmengine
import pytest
import torch
from mmaction.apis import inference_recognizer, init_recognizer
from mmaction.registry import DATASETS
from mmengine.config import Config

from mmbimodal.apis import find_upstream
from mmbimodal.datasets.sample import build_sample

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / 'configs' / 'staf_synth.py'
TINY = [
    'model.backbone.embed_dims=16',
    'model.backbone.num_heads=2',
    'model.backbone.num_layers=1',
    'model.neck.in_channels=16',
    'model.neck.num_samples=8',
    'model.cls_head.in_channels=16',
    'model.cls_head.num_heads=2',
    'train_cfg.val_interval=1',
    'default_hooks.logger.interval=1',
]


def options(pairs, *more):
    """--cfg-options of a tiny model on the generated pairs."""
    chosen = [*TINY]
    for split in ('train', 'val', 'test'):
        chosen += [
            f'{split}_dataloader.dataset.data_root={pairs}',
            f'{split}_dataloader.batch_size=6',
            f'{split}_dataloader.num_workers=0',
            f'{split}_dataloader.persistent_workers=False',
        ]
    return ['--cfg-options', *chosen, *more]


def start(script, *arguments, launcher=(), **kwargs):
    environment = dict(os.environ, OMP_NUM_THREADS='1')
    return subprocess.Popen(
        [sys.executable, *launcher, str(script), *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment,
        **kwargs,
    )


def run(script, *arguments, **kwargs):
    process = start(script, *arguments, **kwargs)
    output, _ = process.communicate(timeout=300)
    return process.returncode, output


def scalars(work_dir):
    lines = []
    for path in sorted(work_dir.glob('*/vis_data/scalars.json')):
        lines += map(json.loads, path.read_text().splitlines())
    return lines


@pytest.fixture(scope='module')
def trained(pairs, tmp_path_factory):
    """MMAction2's unmodified tools/train.py, one epoch."""
    work_dir = tmp_path_factory.mktemp('work dir')
    code, output = run(
        find_upstream('train.py'),
        CONFIG,
        '--work-dir',
        work_dir,
        *options(pairs, 'train_cfg.max_epochs=1'),
    )
    assert code == 0, output
    return work_dir


def accuracy(output):
    return float(re.search(r'acc/top1: ([\d.]+)', output).group(1))


def test_upstream_train_runs_our_config(trained):
    assert (trained / 'epoch_1.pth').is_file()
    losses = [x['loss'] for x in scalars(trained) if 'loss' in x]
    assert len(losses) == 4
    assert list(trained.glob('best_acc_top1_epoch_1.pth'))


def test_ours_and_upstream_test_agree(trained, pairs, tmp_path):
    """The same accuracy, drawn samples and dumped predictions."""
    found, dumps = [], []
    for script in (ROOT / 'tools' / 'test.py', find_upstream('test.py')):
        name = script.parent.parent.name
        code, output = run(
            script,
            CONFIG,
            trained / 'epoch_1.pth',
            '--work-dir',
            tmp_path,
            '--show-dir',
            tmp_path / f'{name}_shown',
            '--interval',
            '6',
            '--dump',
            tmp_path / f'{name}.pkl',
            *options(pairs),
        )
        assert code == 0, output
        found.append(accuracy(output))
        dumps.append(mmengine.load(tmp_path / f'{name}.pkl'))
        for modality in ('rgb', 'ir'):
            shown = sorted((tmp_path / f'{name}_shown' / modality).iterdir())
            assert len(shown) == 2 and all(list(x.iterdir()) for x in shown)
    assert found[0] == found[1]
    expected = sorted(path.name[:20] for path in pairs.glob('*_rgb/*C001*.avi'))
    for dump in dumps:
        assert sorted(x['sample_id'] for x in dump) == expected
        right = [int(x['pred_label']) == int(x['gt_label']) for x in dump]
        assert sum(right) / len(right) == pytest.approx(found[0], abs=1e-4)


def test_mmactions_inference_takes_a_sample(trained, pairs):
    """`init_recognizer` and `inference_recognizer`, on paths and names."""
    config = Config.fromfile(trained / 'staf_synth.py')
    model = init_recognizer(config, str(trained / 'epoch_1.pth'), device='cpu')
    rgb = next(pairs.glob('nturgb+d_rgb/*C001*.avi'))
    ir = pairs / 'nturgb+d_ir' / rgb.name.replace('_rgb', '_ir')
    sample = build_sample('one', dict(rgb=str(rgb), ir=str(ir)), ['rgb', 'ir'])
    result = inference_recognizer(model, sample)
    assert result.pred_score.shape == (config.model.cls_head.num_classes,)
    assert float(result.pred_score.sum()) == pytest.approx(1, abs=1e-4)
    assert result.metainfo['sample_id'] == 'one'


def test_rare_classes_are_repeated(tiny_config):
    """mmengine's `ClassBalancedDataset` over the paired data set."""
    pairs = DATASETS.build(tiny_config.train_dataloader.dataset)
    dataset = DATASETS.build(
        dict(
            type='mmengine.ClassBalancedDataset',
            dataset=tiny_config.train_dataloader.dataset,
            oversample_thr=1.0,
        )
    )
    assert len(dataset) > len(pairs)
    assert dataset[len(dataset) - 1]['inputs'].keys() == {'rgb', 'ir'}


def test_resume_after_kill(pairs, tmp_path):
    """Killed without warning in the third epoch, it goes on from there."""
    arguments = [
        CONFIG,
        '--work-dir',
        tmp_path,
        '--resume',
        *options(pairs, 'train_cfg.max_epochs=4'),
    ]
    process = start(ROOT / 'tools' / 'train.py', *arguments)
    for line in process.stdout:
        if 'Epoch(train) [3][1/4]' in line:
            process.send_signal(signal.SIGKILL)
            break
    process.wait(timeout=60)
    assert not list(tmp_path.glob('*.part'))
    time.sleep(1)  # the next run's log folder is named by the second
    code, output = run(ROOT / 'tools' / 'train.py', *arguments)
    assert code == 0, output
    assert 'resumed epoch: 2, iter: 8' in output
    last = torch.load(tmp_path / 'epoch_4.pth', weights_only=True)
    assert last['meta']['iter'] == 16


@pytest.mark.skipif(torch.cuda.is_available(), reason='CPU processes')
def test_two_processes_train_and_test_as_one(pairs, tmp_path, trained):
    launcher = [
        '-m',
        'torch.distributed.run',
        '--nproc_per_node=2',
        '--master_port=29731',
    ]
    code, output = run(
        ROOT / 'tools' / 'train.py',
        CONFIG,
        '--launcher',
        'pytorch',
        '--work-dir',
        tmp_path / 'train',
        *options(pairs, 'train_cfg.max_epochs=1'),
        launcher=launcher,
    )
    assert code == 0, output
    # 24 samples, 6 in each of 2 processes: 2 iterations
    saved = torch.load(tmp_path / 'train' / 'epoch_1.pth', weights_only=True)
    assert saved['meta']['iter'] == 2
    found = []
    for prefix, more in (([], []), (launcher, ['--launcher', 'pytorch'])):
        code, output = run(
            ROOT / 'tools' / 'test.py',
            CONFIG,
            trained / 'epoch_1.pth',
            *more,
            '--work-dir',
            tmp_path / 'test',
            *options(pairs, 'test_dataloader.batch_size=5'),
            launcher=prefix,
        )
        assert code == 0, output
        found.append(accuracy(output))
    assert found[0] == found[1]


def test_mixed_precision_and_views(pairs, tmp_path):
    """--amp, and two clips of three crops when testing."""
    code, output = run(
        ROOT / 'tools' / 'train.py',
        CONFIG,
        '--amp',
        '--work-dir',
        tmp_path,
        *options(
            pairs,
            'train_cfg.max_epochs=1',
            'test_dataloader.dataset.pipeline.1.transforms.0.num_clips=2',
            'test_dataloader.dataset.pipeline.3.short_side=64',
            'test_dataloader.dataset.pipeline.4.transforms.0.type=ThreeCrop',
        ),
    )
    assert code == 0, output
    code, output = run(
        ROOT / 'tools' / 'test.py',
        tmp_path / 'staf_synth.py',
        tmp_path / 'epoch_1.pth',
        '--work-dir',
        tmp_path / 'test',
    )
    assert code == 0, output
    assert 0 <= accuracy(output) <= 1


def children(pid):
    """Processes that a process has started, as Linux lists them."""
    return Path(f'/proc/{pid}/task/{pid}/children').read_text().split()


@pytest.mark.parametrize('send', [os.kill, os.killpg])
@pytest.mark.parametrize(
    'number, code, word',
    [(signal.SIGINT, 130, 'interrupted'), (signal.SIGTERM, 143, 'terminated')],
)
def test_a_signal_ends_with_the_command_that_resumes(
    pairs, tmp_path, number, code, word, send
):
    """Sent to the process, or to its workers as well, as Ctrl-C is."""
    process = start(
        ROOT / 'tools' / 'train.py',
        CONFIG,
        '--work-dir',
        tmp_path,
        *options(
            pairs,
            'train_dataloader.num_workers=2',
            'train_dataloader.persistent_workers=True',
        ),
        start_new_session=True,
        # A shell's background job ignores Ctrl-C, and so would its children.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    workers = []
    for line in process.stdout:
        if '[2][1/4]' in line:
            workers = children(process.pid)
            send(process.pid, number)
            break
    rest = process.stdout.read()
    assert process.wait(timeout=60) == code, rest
    assert len(workers) == 2
    assert not any(Path('/proc', worker).exists() for worker in workers)
    assert 'Traceback' not in rest and 'Error' not in rest, rest
    first, command = rest.strip().splitlines()[-2:]
    assert first == f'{word}: go on with'
    assert str(tmp_path) in command and command.endswith('--resume')
    assert torch.load(tmp_path / 'epoch_1.pth', weights_only=True)


def test_the_console_shows_progress_results_and_places(trained, pairs, tmp_path):
    arguments = [
        CONFIG,
        trained / 'epoch_1.pth',
        '--work-dir',
        tmp_path,
        *options(pairs, 'default_hooks.logger.interval=20'),
    ]
    code, quiet = run(ROOT / 'tools' / 'test.py', *arguments)
    assert code == 0, quiet
    assert len(quiet.splitlines()) <= 12, quiet
    assert re.search(r'acc/mean1 +[\d.]+', quiet)
    (log,) = tmp_path.glob('*/*.log')
    assert quiet.strip().endswith(str(log))
    for part in ('System environment:', 'Config:', 'Hooks will be executed'):
        assert part not in quiet and part in log.read_text()
    code, verbose = run(ROOT / 'tools' / 'test.py', *arguments, '--verbose')
    assert code == 0 and 'System environment:' in verbose


@pytest.mark.parametrize('script', ['train.py', 'test.py'])
@pytest.mark.parametrize('arguments, code', [(['--help'], 0), ([], 2)])
def test_help_and_wrong_arguments_load_no_pytorch(script, arguments, code):
    found, output = run(
        ROOT / 'tools' / script, *arguments, launcher=['-X', 'importtime']
    )
    assert found == code
    assert '[-v]' in output and '--work-dir' in output
    assert 'torch' not in re.findall(r'\| +([\w.]+)$', output, re.M)


def test_a_disk_that_fills_up_is_one_sentence(pairs, tmp_path):
    """A limit on the size of files stands for the disk."""
    import resource

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))

    sentence = mistake(
        CONFIG, '--work-dir', tmp_path, *options(pairs), preexec_fn=limit
    )
    assert f'{tmp_path}/epoch_1.pth could not be written' in sentence
    assert '--resume' in sentence
    assert not list(tmp_path.glob('*.p*t*'))


def mistake(*arguments, script='train.py', **kwargs):
    code, output = run(ROOT / 'tools' / script, *arguments, **kwargs)
    assert code == 1, output
    last = output.strip().splitlines()[-1]
    assert last.startswith('error: ') and 'Traceback' not in output, output
    return last


def test_missing_data_set_is_one_sentence(tmp_path):
    sentence = mistake(ROOT / 'configs/staf_infar.py', cwd=tmp_path)
    assert 'data/infar/annotations/train.json does not exist' in sentence
    assert 'python tools/data/infar/prepare.py' in sentence


def test_checkpoint_of_another_architecture(trained, pairs, tmp_path):
    sentence = mistake(
        CONFIG,
        trained / 'epoch_1.pth',
        '--work-dir',
        tmp_path,
        *options(pairs, 'model.backbone.num_layers=2'),
        script='test.py',
    )
    assert 'does not fit this model' in sentence


def test_nan_loss_stops_with_the_sample_ids(pairs, tmp_path):
    sentence = mistake(
        CONFIG,
        '--work-dir',
        tmp_path,
        *options(
            pairs,
            'model.cls_head.loss_cls.type=CrossEntropyLoss',
            'model.cls_head.loss_cls.loss_weight=nan',
        ),
    )
    assert 'the loss is nan in epoch 1, iteration 1' in sentence
    assert len(re.findall(r'S\d{3}C\d{3}P\d{3}R\d{3}A\d{3}', sentence)) == 6
    assert not list(tmp_path.glob('*.pth'))


def test_damaged_video_in_a_worker_is_one_sentence(pairs, tmp_path):
    import shutil

    root = tmp_path / 'pairs'
    shutil.copytree(pairs, root)
    broken = next(root.glob('nturgb+d_ir/*C002*.avi'))
    broken.write_bytes(b'')
    sentence = mistake(
        CONFIG,
        '--work-dir',
        tmp_path / 'work',
        *options(root, 'train_dataloader.num_workers=2'),
    )
    assert str(broken) in sentence
