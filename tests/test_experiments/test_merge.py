"""Results from another machine."""

import copy
import json
from pathlib import Path

import pytest

from mmbimodal.errors import InputError
from mmbimodal.experiments import Run, load_table, merge_results

CONFIGS = Path(__file__).resolve().parents[2] / 'configs'


@pytest.fixture
def run(tmp_path):
    (row,) = load_table(
        CONFIGS / 'experiments', 'table2', 'synth', ['concatenation']
    ).rows
    return Run(row, 1, CONFIGS, tmp_path / 'runs')


@pytest.fixture
def result(run):
    """What another machine wrote of the same run."""
    return json.loads(
        json.dumps(dict(config=run.source, options=run.options, seed=1, top1=12.5))
    )


def written(folder, *results):
    path = folder / 'results.json'
    path.write_text(
        json.dumps(dict(rows=[dict(name='a', runs=[]), dict(name='b', runs=results)]))
    )
    return str(path)


def test_a_run_takes_over_its_own_result(run, result, tmp_path):
    other = dict(copy.deepcopy(result), seed=0)
    assert merge_results([run], written(tmp_path, other, result)) == 1
    assert run.result == result
    assert run.epochs_done == run.epochs


def test_what_is_here_already_stays(run, result, tmp_path):
    merge_results([run], written(tmp_path, result))
    merge_results([run], written(tmp_path, dict(result, top1=99.0)))
    assert run.result['top1'] == 12.5


@pytest.mark.parametrize(
    'change',
    [
        dict(seed=2),
        dict(config='configs/staf_synth.py'),
        dict(options={'train_cfg.max_epochs': 4}),
    ],
)
def test_no_run_of_this_table(run, result, tmp_path, change):
    with pytest.raises(InputError, match='holds no run of this table'):
        merge_results([run], written(tmp_path, dict(result, **change)))
    assert run.result is None


@pytest.mark.parametrize(
    'content',
    [None, 'no json', '[]', '{"rows": [1]}', '{"rows": [{"runs": [{"seed": 1}]}]}'],
)
def test_not_a_file_of_results(run, tmp_path, content):
    path = tmp_path / 'results.json'
    if content:
        path.write_text(content)
    with pytest.raises(InputError, match='is not the results.json'):
        merge_results([run], str(path))
