"""Folders of runs, and those of another machine."""

import json
from pathlib import Path

import pytest

from mmbimodal.errors import InputError
from mmbimodal.experiments import Run, copy_runs, load_table

CONFIGS = Path(__file__).resolve().parents[2] / 'configs'


@pytest.fixture(scope='module')
def row():
    (row,) = load_table(CONFIGS / 'experiments', 'table2', 'synth').select(
        ['concatenation']
    )
    return row


def finished(folder, **result):
    folder.mkdir(parents=True)
    (folder / 'predictions.json').write_text('{}')
    (folder / 'result.json').write_text(json.dumps(result))


def results(folder):
    return folder.glob('*/result.json')


def test_a_folder_is_config_row_and_seed(row, tmp_path):
    folders = [
        Run(changed, seed, CONFIGS, tmp_path).folder
        for changed in (row, row._replace(options={}))
        for seed in (0, 1)
    ]
    assert len(set(folders)) == 4
    # The name of the row is no part of the experiment.
    assert Run(row._replace(name='other'), 1, CONFIGS, tmp_path).folder == folders[1]


def test_the_seeds_of_a_row_are_found_on_disk(row, tmp_path):
    run = Run(row, 3, CONFIGS, tmp_path)
    for seed in (0, 10):
        finished(tmp_path / f'{run.name}{seed}', seed=seed)
    finished(tmp_path / 'timesformer_synth-00000000-seed1', seed=1)
    assert [x['seed'] for x in run.results] == [0, 10]


def test_finished_runs_of_another_machine_are_copied(tmp_path):
    there, here = tmp_path / 'there', tmp_path / 'here'
    finished(there / 'synth/runs/a-seed0', top1=1)
    finished(there / 'synth/runs/b-seed0', top1=2)
    finished(here / 'b-seed0', top1=3)
    (there / 'synth/runs/c-seed0/train').mkdir(parents=True)
    (here / 'a-seed0').mkdir()  # begun here
    assert copy_runs(there, here) == 1
    assert copy_runs(there, here) == 0
    found = {
        x.name: json.loads((x / 'result.json').read_text()) for x in here.iterdir()
    }
    # What is finished here stays.
    assert found == {'a-seed0': {'top1': 1}, 'b-seed0': {'top1': 3}}
    assert (here / 'a-seed0/predictions.json').is_file()


@pytest.mark.parametrize('name', ['empty', 'missing'])
def test_a_folder_without_runs(tmp_path, name):
    (tmp_path / 'empty').mkdir()
    with pytest.raises(InputError, match=f'{name} holds no finished run'):
        copy_runs(tmp_path / name, tmp_path / 'here')
