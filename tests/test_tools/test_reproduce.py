"""reproduce.py as a user runs it, interrupted at awkward moments."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def place(tiny_config, tmp_path):
    """A folder with a tiny config and a table of two rows."""
    (tmp_path / 'tools').symlink_to(ROOT / 'tools')
    experiments = tmp_path / 'configs' / 'experiments'
    experiments.mkdir(parents=True)
    tiny_config.train_cfg.max_epochs = 3
    tiny_config.train_cfg.val_interval = 9
    tiny_config.default_hooks.logger.interval = 1
    tiny_config.dump(tmp_path / 'configs' / 'tiny_synth.py')
    (experiments / 'protocols.yml').write_text(
        yaml.safe_dump(
            dict(short=dict(synth=dict(config_suffix='synth', note='Tiny.')))
        )
    )
    (experiments / 'two.yml').write_text(
        yaml.safe_dump(
            dict(
                title='Two rows',
                protocol='short',
                config='tiny_{dataset}.py',
                rows=dict(first={}, second=dict(options={'model.neck.k1': 0.5})),
            )
        )
    )
    return tmp_path


def start(place, *arguments):
    return subprocess.Popen(
        [sys.executable, 'tools/reproduce.py', *arguments],
        cwd=place,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=dict(os.environ, OMP_NUM_THREADS='1'),
        start_new_session=True,
    )


def finish(process):
    output, _ = process.communicate(timeout=300)
    return process.returncode, output


def wait_for(condition):
    # against a hang only
    end = time.monotonic() + 240
    while not condition():
        assert time.monotonic() < end, 'it did not happen'
        time.sleep(0.05)


def epochs_logged(folder):
    """Epochs of each start of the training, in order."""
    return [
        sorted(
            {
                json.loads(line)['epoch']
                for line in path.read_text().splitlines()
                if line.endswith('}') and '"epoch"' in line
            }
        )
        for path in sorted(folder.glob('train/*/vis_data/scalars.json'))
    ]


def test_killed_twice_it_gives_the_same_rows(place):
    root = place / 'work_dirs' / 'reproduce' / 'synth'
    process = start(place, 'two', '--dataset', 'synth')
    wait_for(lambda: list(root.glob('runs/*/train/epoch_1.pth')))
    # everything dies at once, as when the machine goes down
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    (first,) = root.glob('runs/*')

    process = start(place, 'two', '--dataset', 'synth')
    wait_for(
        lambda: [
            path
            for path in root.glob('runs/*/train/epoch_1.pth')
            if first not in path.parents
        ]
    )
    written = (first / 'result.json').read_text()
    # the tool alone dies: the training that it started lives on
    os.kill(process.pid, signal.SIGKILL)

    code, output = finish(start(place, 'two', '--dataset', 'synth'))
    assert code == 0, output
    content = json.loads((root / 'two' / 'results.json').read_text())
    assert content['title'] == 'Two rows, synth'
    assert [(row['name'], len(row['runs'])) for row in content['rows']] == [
        ('first', 1),
        ('second', 1),
    ]
    # what was done is kept, what was interrupted went on
    assert (first / 'result.json').read_text() == written
    for folder in root.glob('runs/*'):
        starts = epochs_logged(folder)
        assert sorted({x for epochs in starts for x in epochs}) == [1, 2, 3]
        assert all(epochs[0] > 1 for epochs in starts[1:])
        assert len({path.name for path in folder.glob('predictions*')}) == 1


def test_report_only_shows_what_is_there_and_trains_nothing(place):
    """Rows and seeds choose what is trained, not what is shown."""
    runs = place / 'work_dirs' / 'reproduce' / 'synth' / 'runs'
    arguments = ['two', '--dataset', 'synth', '--report-only']
    code, output = finish(start(place, *arguments))
    assert code == 0, output
    assert 'partial: 0 of 2 runs' in output and not runs.exists()

    published = place / 'resources' / 'tables' / 'synth' / 'two'
    published.mkdir(parents=True)
    run = dict(top1=50.0, top5=90.0, samples=4, classes=3, gflops=1.0, mparams=1.0)
    run |= dict(core_minutes=None, config='c', checkpoint='k', log='l', options={})
    rows = [
        dict(name=name, runs=[dict(run, seed=seed) for seed in (0, 1)])
        for name in ('first', 'second')
    ]
    (published / 'results.json').write_text(json.dumps(dict(rows=rows)))
    (place / 'model_zoo.md').write_text('<!-- two -->\n<!-- /two -->\n')
    arguments += ['--rows', 'second', '--seeds', '1', '--publish']
    code, output = finish(start(place, *arguments))
    assert code == 0, output
    for path in (published / 'table.md', place / 'model_zoo.md'):
        text = path.read_text()
        assert '### Two rows, synth\n' in text and '--seeds 0 1`' in text
        assert [x.split('|')[4].strip() for x in text.splitlines() if '± 0.0' in x] == [
            '2',
            '2',
        ]


def test_a_training_that_fails_is_one_sentence(place):
    path = place / 'configs' / 'tiny_synth.py'
    path.write_text(path.read_text().replace('xview_train.json', 'no.json'))
    code, output = finish(start(place, 'two', '--dataset', 'synth'))
    assert code == 1
    assert (
        output.strip()
        .splitlines()[-1]
        .startswith('error: tools/train.py failed on tiny_synth-')
    )
    assert 'no.json' in output and 'Traceback' not in output


@pytest.mark.parametrize(
    'arguments, sentence',
    [
        (['three', '--dataset', 'synth'], "no table 'three': choose from two"),
        (['two', '--dataset', 'infar'], "no data set 'infar': choose from synth"),
        (
            ['two', '--dataset', 'synth', '--rows', 'third'],
            "no row of two 'third': choose from first, second",
        ),
        (['two', '--dataset', 'synth', '--jobs', '0'], '--jobs 0'),
    ],
)
def test_bad_arguments(place, arguments, sentence):
    code, output = finish(start(place, *arguments))
    assert code == 1
    assert sentence in output and 'Traceback' not in output
