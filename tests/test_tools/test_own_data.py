"""docs/data.md: the commands from a stranger's folder to a trained model."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TINY = """
train_cfg.max_epochs=1
train_cfg.val_interval=1
train_dataloader.num_workers=0
train_dataloader.persistent_workers=False
val_dataloader.num_workers=0
val_dataloader.persistent_workers=False
model.backbone.embed_dims=16
model.backbone.num_heads=2
model.backbone.num_layers=1
model.neck.in_channels=16
model.neck.num_samples=8
model.cls_head.in_channels=16
model.cls_head.num_heads=2
"""


def documented_commands():
    text = (ROOT / 'docs' / 'data.md').read_text(encoding='utf-8')
    block = re.search(r'<!-- own-data -->\n```bash\n(.*?)```', text, re.DOTALL)[1]
    return [shlex.split(line) for line in block.strip().splitlines()]


def test_the_documented_commands_train_a_model(tmp_path, write_video):
    kinds = (('visible', 'avi', (96, 72)), ('thermal', 'mkv', (88, 64)))
    for modality, suffix, size in kinds:
        for name in ('走路', 'jump'):
            for i in range(3):
                path = tmp_path / modality / name / f'clip{i}.{suffix}'
                write_video(path, size=size, seed=i)
    commands = documented_commands()
    assert [Path(script).name for _, script, *_ in commands] == [
        'prepare.py',
        'check_pairs.py',
        'train.py',
    ]
    for _, script, *arguments in commands:
        options = ['--cfg-options', *TINY.split()] if script == 'tools/train.py' else []
        done = subprocess.run(
            [sys.executable, str(ROOT / script), *arguments, *options],
            cwd=tmp_path,
            env=dict(os.environ, PYTHONPATH=str(ROOT)),
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
    assert list((tmp_path / 'work_dirs' / 'mine').glob('best_acc_top1_epoch_1.pth'))


def test_a_config_that_was_edited_is_kept(tmp_path, write_video, load_tool):
    for modality in ('a', 'b', 'c'):
        for i in range(2):
            write_video(tmp_path / modality / 'hug' / f'{i}.avi')
    tool = load_tool('data/prepare.py')
    argv = [str(tmp_path / 'out'), *(f'{m}={tmp_path / m}' for m in 'abc')]
    tool.main(tool.parse_args([*argv, '--workers', '2']))
    config = tmp_path / 'out' / 'config.py'
    text = config.read_text()
    assert "modalities=('a', 'b', 'c')" in text and 'num_classes=1' in text
    config.write_text('edited')
    tool.main(tool.parse_args([*argv, '--workers', '2']))
    assert config.read_text() == 'edited'
