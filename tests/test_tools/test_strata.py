"""Accuracy by handicap and modality."""

import json

import numpy as np
import pytest

from mmbimodal.errors import InputError
from mmbimodal.evaluation import find_strata

CLASSES = ['walk', 'jog']
HANDICAPS = dict(
    a=dict(visible=[], thermal=[]),
    b=dict(visible=['warm_background'], thermal=['noise']),
    c=dict(visible=[], thermal=['noise']),
    d=dict(visible=['noise', 'warm_background'], thermal=[]),
)


def truth_of(handicaps):
    return {
        name: dict(
            {key: dict(handicaps=x) for key, x in parts.items()},
            action='walk',
            distractor=None,
        )
        for name, parts in handicaps.items()
    }


@pytest.fixture
def write(tmp_path):
    """Writes the truth or the predictions of a seed; returns the path."""

    def write(name, right=None, ids='abcd', classes=CLASSES, truth=HANDICAPS):
        path = tmp_path / name
        content = dict(samples=truth_of(truth))
        if right is not None:
            content = dict(
                classes=classes,
                predictions=[
                    dict(sample_id=x, label=1, scores=[1 - hit, hit])
                    for x, hit in zip(ids, right)
                ],
            )
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content))
        return str(path)

    return write


@pytest.fixture
def run(load_tool, monkeypatch, tmp_path, write):
    """Runs the tool; returns the cells of its table by stratum, and its text."""
    tool = load_tool('analysis/strata.py')

    def run(*arguments, truth=None):
        truth = truth or write('truth.json')
        words = ['strata.py', *arguments, '--truth', truth, '--out', tmp_path / 'out']
        monkeypatch.setattr('sys.argv', list(map(str, words)))
        tool.main(tool.parse_args())
        text = (tmp_path / 'out/strata.md').read_text()
        rows = [
            [cell.strip() for cell in line.strip('|').split('|')]
            for line in text.splitlines()
            if line.startswith('|')
        ]
        return {row[0]: row[1:] for row in rows}, text

    return run


def test_a_sample_is_in_the_stratum_of_each_of_its_handicaps():
    found = find_strata(truth_of(HANDICAPS), list('dcba'))
    assert {name: mask.tolist() for name, mask in found.items()} == {
        'all pairs': [True] * 4,
        'no handicap': [False, False, False, True],
        'thermal: noise': [False, True, True, False],
        'visible: noise': [True, False, False, False],
        'visible: warm background': [True, False, True, False],
    }


def test_one_seed(run, write, tmp_path):
    first = write('p.json', [1, 0, 0, 1])
    rows, text = run(f'sum={first}', f'STAF={write("q.json", [1, 1, 0, 1])}')
    assert rows['stratum'] == ['pairs', 'sum', 'STAF', 'STAF − sum', 'p']
    assert rows['all pairs'] == ['4', '50.0', '75.0', '+25.0', '1']
    assert rows['thermal: noise'] == ['2', '0.0', '50.0', '+50.0', '1']
    assert rows['no handicap'] == ['1', '100.0', '100.0', '+0.0', '1']
    assert 'One seed: no confidence intervals' in text
    assert (tmp_path / 'out/strata.png').stat().st_size > 10_000


def test_several_seeds_have_intervals(run, write):
    files = [
        f'{name}={write(f"{name}{seed}.json", right)}'
        for name, rows in dict(
            STAF=([1, 1, 1, 1], [1, 1, 1, 0]), sum=([1, 0, 0, 1], [0, 0, 1, 0])
        ).items()
        for seed, right in enumerate(rows)
    ]
    rows, text = run(*files, '--against', 'sum')
    assert rows['stratum'] == ['pairs', 'STAF', 'sum', 'STAF − sum', 'p']
    value, _, interval = rows['all pairs'][1].partition(' ')
    low, high = map(float, interval.strip('()').split(' to '))
    assert value == '87.5' and low < 87.5 < high
    # a single pair has no interval
    assert rows['no handicap'][1] == '100.0'
    assert '95 % confidence intervals over 2 seeds' in text


def test_the_runs_of_a_table(run, write, tmp_path):
    rows = []
    for name, right in dict(sum=[1, 0, 0, 0], STAF=[1, 1, 1, 1], TMC=[0] * 4).items():
        write(f'runs/{name}/predictions.json', right)
        run_of = dict(checkpoint=str(tmp_path / f'runs/{name}/train/epoch_3.pth'))
        rows.append(dict(name=name, runs=[run_of]))
    path = tmp_path / 'results.json'
    path.write_text(json.dumps(dict(rows=rows)))
    found, _ = run(path, '--rows', 'STAF', 'sum')
    assert found['all pairs'] == ['4', '25.0', '100.0', '+75.0', '0.25']
    with pytest.raises(InputError, match="no predictions of 'PDF': choose from sum,"):
        run(path, '--rows', 'PDF')


@pytest.mark.parametrize(
    'other, message',
    [
        (dict(ids='abce'), r'differ in 2 samples or their labels \(d is one\)'),
        (dict(classes=['jog', 'walk']), r'different classes \(in another order\)'),
        (dict(classes=['walk', 'run']), r'different classes \(jog, run\)'),
    ],
)
def test_predictions_that_cannot_be_compared(run, write, other, message):
    files = write('p.json', [1, 0, 0, 1]), write('q.json', [1, 0, 0, 1], **other)
    with pytest.raises(InputError, match=message):
        run(f'a={files[0]}', f'b={files[1]}')


def test_the_truth_of_other_pairs_names_them(run, write):
    path = write('p.json', [1, 0, 0, 1])
    other = write('other.json', truth={'a': HANDICAPS['a'], 'x': HANDICAPS['b']})
    with pytest.raises(InputError, match=r'lacks 3 of 4 samples \(b, c, d\): use the'):
        run(f'a={path}', truth=other)


@pytest.mark.parametrize(
    'arguments, message',
    [
        (['a={p}', 'a={p}', 'b={p}'], 'the same seeds of each.*2 of a, 1 of b: give'),
        (['a={p}', 'b={p}', '--against', 'c'], "no method 'c'.*choose from a, b"),
        (['{p}'], 'is neither NAME=FILE nor a results.json'),
        (['a=/no/file.json'], '/no/file.json is not a file of predictions'),
    ],
)
def test_bad_arguments(run, write, arguments, message):
    path = write('p.json', [1, 0, 0, 1])
    with pytest.raises(InputError, match=message):
        run(*(x.format(p=path) for x in arguments))


def test_four_points_are_significant_on_many_pairs(run, write):
    """2 400 pairs of two methods with five seeds."""
    rng = np.random.default_rng(0)
    ids = [f's{i:04}' for i in range(2400)]
    truth = {x: dict(visible=['noise'], thermal=[]) for x in ids}
    files = [
        f'{name}={write(f"{name}{i}.json", (rng.random(2400) < rate).tolist(), ids)}'
        for name, rate in (('sum', 0.6), ('STAF', 0.64))
        for i in range(5)
    ]
    rows, _ = run(*files, truth=write('many.json', truth=truth))
    assert float(rows['all pairs'][-1]) < 0.01
