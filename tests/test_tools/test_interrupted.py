"""Ctrl-C while data are prepared: one sentence that says how to go on."""

import runpy
import sys
from pathlib import Path

import pytest

TOOLS = Path(__file__).resolve().parents[2] / 'tools' / 'data'
READ_CLASSES = 'mmbimodal.datasets.annotation.read_label_map'


@pytest.mark.parametrize(
    'tool, arguments, function',
    [
        ('prepare.py', ['.', 'a=b', '--classes', 'c'], READ_CLASSES),
        ('infar/prepare.py', ['a', 'b', '.'], READ_CLASSES),
        ('ntu60/prepare.py', ['.'], READ_CLASSES),
        ('nw_ucla/prepare.py', ['.'], READ_CLASSES),
        ('utd_mhad/prepare.py', ['.'], READ_CLASSES),
        ('synth/generate.py', ['.'], 'mmbimodal.datasets.synthetic.generate'),
    ],
)
def test_the_same_command_completes_it(tool, arguments, function, monkeypatch, capsys):
    def interrupt(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(function, interrupt)
    monkeypatch.setattr(sys, 'argv', [tool, *arguments])
    monkeypatch.syspath_prepend((TOOLS / tool).parent)
    with pytest.raises(SystemExit) as stop:
        runpy.run_path(str(TOOLS / tool), run_name='__main__')
    assert stop.value.code == 130
    assert capsys.readouterr().err == 'interrupted: the same command completes it\n'
