"""tools/infer.py and the CSV of pairs that it reads."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from mmaction.registry import MODELS

from mmbimodal.datasets.pair_list import read_pairs
from mmbimodal.errors import InputError

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def arguments(tiny_config, tmp_path):
    """Config and random weights of a tiny model."""
    torch.manual_seed(0)
    model = MODELS.build(tiny_config.model)
    tiny_config.dump(tmp_path / 'tiny.py')
    meta = dict(dataset_meta=dict(classes=[f'class {k}' for k in range(12)]))
    torch.save(dict(state_dict=model.state_dict(), meta=meta), tmp_path / 'tiny.pth')
    return [tmp_path / 'tiny.py', tmp_path / 'tiny.pth', '--device', 'cpu']


@pytest.fixture
def rows(pairs):
    """Paths of two test samples."""
    annotation = json.loads((pairs / 'annotations/xview_test.json').read_text())
    return [
        {name: pairs / row[name] for name in ('rgb', 'ir')}
        for row in annotation['data_list'][:2]
    ]


def infer(*arguments):
    return subprocess.run(
        [sys.executable, str(ROOT / 'tools/infer.py'), *map(str, arguments)],
        capture_output=True,
        text=True,
        env=dict(os.environ, PYTHONPATH=str(ROOT)),
    )


def test_two_files(arguments, rows, tmp_path):
    files = [f'{name}={path}' for name, path in rows[0].items()]
    process = infer(
        *arguments, '--files', *files, '--show-top', 3, '--out-dir', tmp_path / 'out'
    )
    assert process.returncode == 0, process.stderr
    lines = process.stdout.splitlines()
    start = lines.index('+'.join(path.stem for path in rows[0].values()))
    assert start == 0  # nothing stands before the answer
    found = json.loads((tmp_path / 'out/predictions.json').read_text())
    (prediction,) = found['predictions']
    assert [x.split('%')[1].strip() for x in lines[start + 1 : start + 4]] == [
        x['class'] for x in prediction['top_k']
    ]
    assert lines[start + 4].startswith('  key frames: rgb ')
    assert lines[start + 5 :] == [str(tmp_path / 'out')]
    assert (tmp_path / f'out/{lines[start]}.png').is_file()


def test_a_list_and_its_warnings(arguments, rows, tmp_path):
    listed, saved = tmp_path / 'list.csv', tmp_path / 'scores.csv'
    with open(listed, 'w', newline='') as file:
        writer = csv.writer(file, delimiter=';')
        writer.writerow(['sample_id', 'rgb', 'ir', 'label', 'offset_ir'])
        writer.writerow(['both', rows[0]['rgb'], rows[0]['ir'], 'walk', '0.1'])
        writer.writerow(['swapped', rows[1]['ir'], rows[1]['rgb'], 'walk', ''])
        writer.writerow(['alone', '', rows[1]['ir'], 'walk', ''])
    process = infer(*arguments, '--pairs', listed, '--out-file', saved)
    assert process.returncode == 0, process.stderr
    with open(saved, newline='') as file:
        found = [row['sample_id'] for row in csv.DictReader(file)]
    assert found == ['both', 'swapped', 'alone']
    (warning,) = [
        x for x in process.stderr.splitlines() if x.startswith('warning: the rgb of')
    ]
    assert 'of swapped is grey' in warning


def test_mistakes_are_one_sentence(arguments, rows, tmp_path):
    process = infer(*arguments, '--files', f'depth={rows[0]["ir"]}')
    assert process.returncode == 1
    (line,) = [x for x in process.stderr.splitlines() if x.strip()]
    assert line.startswith('error: the sample has the modalities depth, the model')
    # these need no model
    for wrong in (
        ['--files', 'a.avi'],
        ['--files', 'rgb=a.avi', '--batch-size', 0],
        ['--rgb'],
    ):
        process = infer(*arguments, *wrong)
        assert process.returncode == 1 and process.stderr.count('\n') == 1


def test_windows(arguments, rows, tmp_path):
    files = [f'{name}={path}' for name, path in rows[0].items()]
    times = ['--window', '600ms', '--stride', '0.2s', '--offset', 'ir=+0.12s']
    process = infer(
        *arguments, '--files', *files, *times, '--out-dir', tmp_path / 'out'
    )
    assert process.returncode == 0, process.stderr
    found = json.loads((tmp_path / 'out/timeline.json').read_text())
    assert found['window'] == 0.6 and found['stride'] == 0.2
    assert found['span'][0] == 0.12  # when infrared starts
    *lines, folder = process.stdout.splitlines()
    assert folder == str(tmp_path / 'out')
    printed = [x for x in lines if ' to ' in x]
    assert [x.split('%')[1].strip() for x in printed] == [
        x['class_name'] for x in found['segments']
    ]
    assert sorted(x.name for x in (tmp_path / 'out').iterdir()) == [
        *('segments.csv', 'timeline.csv', 'timeline.json'),
        *('timeline.mp4', 'timeline.png'),
    ]


@pytest.mark.parametrize(
    'words, message',
    [
        ('--window 2s', 'error: --window is for the files of one sample'),
        ('--files rgb=a --stride 1s', 'error: --window is for'),
        ('--offset ir=1s', 'error: --offset is for files'),
        ('--files rgb={} ir={} --offset ir=50s', 'no time in common'),
    ],
)
def test_mistakes_of_windows(arguments, rows, words, message):
    words = words.format(*rows[0].values()).split()
    if '--files' not in words:
        words += ['--pairs', 'list.csv']
    process = infer(*arguments, *words)
    assert process.returncode == 1
    (line,) = [x for x in process.stderr.splitlines() if x.strip()]
    assert line.startswith('error: ') and message in line


@pytest.mark.parametrize(
    'words, rest, files',
    [
        ('M --rgb a.avi --ir b.avi', 'M', ['rgb=a.avi', 'ir=b.avi']),
        ('--depth=d C K --device cpu', 'C K --device cpu', ['depth=d']),
        ('M --show 3 --out-dir --x y', 'M --show 3 --out-dir', ['x=y']),
    ],
)
def test_modalities_are_options(load_tool, words, rest, files):
    """Their names are the config's; abbreviations of options stay options."""
    options = ['--device', '--show-top', '--out-dir']
    found = load_tool('infer.py').split_files(words.split(), options)
    assert found == (rest.split(), files)


def test_times_of_a_list(tmp_path):
    path = tmp_path / 'list.csv'
    path.write_text('rgb,ir,start,end,offset_ir\na.avi,/b.avi,1,2.5,-0.12\n')
    assert read_pairs(path) == [
        dict(
            rgb=tmp_path / 'a.avi',
            ir=Path('/b.avi'),
            start=1.0,
            end=2.5,
            offsets=dict(ir=-0.12),
        )
    ]
    path.write_text('rgb,start\na.avi,soon\n')
    with pytest.raises(InputError, match="line 2 of the CSV .* has 'soon' as start"):
        read_pairs(path)
