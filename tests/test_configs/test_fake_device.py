"""Every config on a fake accelerator, each group in a process of its own."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from shrink import FILES

FOLDER = Path(__file__).parent
# The data sets of a method differ in sizes and names only.
QUICK = [x for x in FILES if x.stem.endswith('_synth')]
REST = [x for x in FILES if x not in QUICK]
SCORE_FUSIONS = [
    f'{next(x for x in QUICK if x.stem == "timesformer_synth")}:{head}'
    for head in ('ScoreAverageHead', 'TMCHead', 'QMFHead', 'DynMMHead', 'PDFHead')
]


def run_python(*arguments):
    result = subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=FOLDER,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


@pytest.mark.parametrize(
    'files',
    [
        pytest.param(QUICK, id='synth'),
        pytest.param(SCORE_FUSIONS, id='score_fusions'),
        pytest.param(REST, id='rest', marks=pytest.mark.slow),
    ],
)
def test_training_step_and_prediction(files):
    faults = run_python('fake_device.py', *files)
    assert faults == dict.fromkeys(map(str, files))


FAULTS = dict(
    none='x * 2',
    two_devices='x + torch.ones(3, 3)',
    item='x.sum().item()',
    branch='x if x.any() else -x',
    mask='x[x > 0]',
    copy='x.cpu()',
)


@pytest.fixture(scope='module')
def found():
    code = (
        'import json, sys, torch; from fake_device import *\n'
        'mode = make_mode(); x = to_device(torch.ones(3, 3), mode)\n'
        f'steps = {FAULTS!r}\n'
        'json.dump({name: fault_of(lambda: eval(text), mode) '
        'for name, text in steps.items()}, sys.stdout)'
    )
    return run_python('-c', code)


@pytest.mark.parametrize(
    'name, words',
    [
        ('two_devices', 'on the same device'),
        ('item', 'DataDependentOutput'),
        ('branch', 'DataDependentOutput'),
        ('mask', 'DynamicOutputShape'),
        ('copy', 'copy to the CPU'),
    ],
)
def test_faults_are_found(found, name, words):
    assert words in found[name]


def test_what_is_right_is_no_fault(found):
    assert found['none'] is None
