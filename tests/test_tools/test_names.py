"""A model's name in place of config and checkpoint, on every command line."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from mmbimodal.apis import upstream_tools

ROOT = Path(__file__).resolve().parents[2]


def run(tool, *arguments):
    """Without a network, from the repository."""
    process = subprocess.run(
        [sys.executable, f'tools/{tool}', *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=dict(os.environ, PYTHONPATH=str(ROOT), http_proxy='http://127.0.0.1:9'),
    )
    assert process.returncode == 0, process.stderr
    return process.stdout


def test_the_released_model_predicts_a_pair(pairs):
    rgb, ir = (next((pairs / f'nturgb+d_{x}').glob('*')) for x in ('rgb', 'ir'))
    lines = run('infer.py', 'staf_synth', '--rgb', rgb, '--ir', ir).splitlines()
    assert len([x for x in lines if '%' in x]) == 5
    assert 'key frames: rgb' in lines[-1]


def test_the_released_model_is_tested(pairs, tmp_path):
    """Easy pairs, of which it knows more than by chance (1 of 12)."""
    options = f'test_dataloader.dataset.data_root={pairs}'
    out = run('test.py', 'staf_synth', '--work-dir', tmp_path, '--cfg-options', options)
    (top1,) = re.findall(r'^acc/top1 +([.\d]+)$', out, re.MULTILINE)
    assert float(top1) > 3 / 12


@pytest.fixture
def handed_over(load_tool, monkeypatch):
    """What MMAction2's tool is called with."""
    monkeypatch.setattr(upstream_tools.mmengine.runner, 'Runner', None)
    monkeypatch.setattr(upstream_tools, 'find_config', lambda x: f'{x}.py')
    monkeypatch.setattr(upstream_tools, 'find_model', lambda x: (f'{x}.py', f'{x}.pth'))
    read = upstream_tools.Config(dict(a=dict(b=0), c=0, train_dataloader={}))
    monkeypatch.setattr(upstream_tools.Config, 'fromfile', lambda _: read)
    parse = load_tool('_upstream.py').parse

    def call(name, words):
        # Each word is an object of its own, as on a real command line.
        monkeypatch.setattr(sys, 'argv', [name, *(''.join(x) for x in words.split())])
        seen = []
        monkeypatch.setattr(
            upstream_tools.runpy, 'run_path', lambda *_, **__: seen.extend(sys.argv[1:])
        )
        upstream_tools.run_mmaction_tool(name, parse(name))
        return ' '.join(seen)

    return call


@pytest.mark.parametrize(
    'words, expected',
    [
        ('name', 'name.py name.pth'),
        ('name -v', 'name.py name.pth'),
        ('--work-dir name name', '--work-dir name name.py name.pth'),
        ('name --work-dir x', 'name.py name.pth --work-dir x'),
        ('name mine', 'name.py mine'),
        ('name --work-dir x mine', 'name.py --work-dir x mine'),
        (
            'name --cfg-options a.b=1 c=2',
            'name.py name.pth --cfg-options a.b=1 c=2',
        ),
    ],
)
def test_test(handed_over, words, expected):
    assert handed_over('test.py', words) == expected


def test_train(handed_over):
    words = handed_over('train.py', 'name --resume --work-dir x')
    assert words == 'name.py --resume --work-dir x'


def test_a_misspelt_option_is_refused(handed_over):
    """mmengine would add it beside the one that is meant, and train without it."""
    with pytest.raises(SystemExit, match="did you mean 'train_dataloader'"):
        handed_over('train.py', 'name --cfg-options train_dataloder.batch_size=4')
