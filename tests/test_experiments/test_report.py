import csv
import json
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from mmbimodal.errors import InputError
from mmbimodal.experiments import Row, Table, collect, publish, write_report


def result(seed, top1, minutes=2.0, **others):
    return dict(
        top1=top1,
        top5=95.0,
        samples=10,
        classes=4,
        gflops=0.5,
        mparams=0.25,
        core_minutes=minutes,
        config='configs/a.py',
        options={},
        seed=seed,
        checkpoint='runs/a/epoch_3.pth',
        log='runs/a/log.txt',
        **others,
    )


ROWS = [
    Row('first', 'a.py', {}, dict(InfAR=[80.0, 90.5])),
    Row('second', 'a.py', {}, {}),
    Row('third', 'a.py', {}, {}),
]
RESULTS = dict(
    first={0: result(0, 60.0), 1: result(1, 64.0, 4.0)},
    second={1: result(1, 50.0)},
    third={},
)


def table(rows=ROWS, axis=None, reference=None):
    return Table('tiny', 'A title', 'synth', rows, None, axis, reference, 'As said.')


@pytest.fixture
def written(tmp_path):
    write_report(table(), RESULTS, tmp_path)
    return tmp_path


def cells(line):
    return [cell.strip() for cell in line.strip('|').split('|')]


def test_markdown_has_mean_deviation_and_the_papers_figure(written):
    text = (written / 'table.md').read_text()
    lines = {cells(line)[0]: cells(line)[1:] for line in text.splitlines()}
    # 60 and 64: mean 62, sample deviation sqrt(8)
    assert lines['first'] == [
        *['62.0 ± 2.8', '95.0 ± 0.0', '2', '3.0', '0.500', '0.250', '80.00 / 90.50']
    ]
    assert lines['second'][:3] == ['50.0', '95.0', '1']
    assert lines['third'][:3] == ['–', '–', '0']
    assert lines['row'][-1] == "the paper's, InfAR"
    assert '`python tools/reproduce.py tiny --dataset synth --seeds 0 1`' in text
    assert 'As said.' in text


def test_a_table_that_is_partly_done_says_so(written):
    assert 'A title, synth (partial: 3 of 6 runs)' in (written / 'table.md').read_text()


def test_csv_and_json_hold_the_same_rows(written):
    with open(written / 'table.csv', newline='') as file:
        rows = list(csv.DictReader(file))
    assert [row['row'] for row in rows] == ['first', 'second', 'third']
    assert rows[0]['config'] == 'configs/a.py'
    content = json.loads((written / 'results.json').read_text())
    assert [len(row['runs']) for row in content['rows']] == [2, 1, 0]


def runs(*results):
    """One run of each row; the results are those on disk."""
    return [SimpleNamespace(results=list(x)) for x in results]


def test_a_report_of_fewer_runs_shows_those_of_the_one_before(written):
    """Rows and seeds that are not trained now stay in the table."""
    found = collect(table(), runs([], [], [result(5, 33.0)]), written / 'results.json')
    assert found == dict(RESULTS, third={5: result(5, 33.0)})


def test_a_run_on_disk_counts_more_than_an_earlier_report(written):
    found = collect(table(), runs([result(1, 70.0)], [], []), written / 'results.json')
    assert {seed: x['top1'] for seed, x in found['first'].items()} == {0: 60, 1: 70}


@pytest.mark.parametrize(
    'rows, fault',
    [
        (ROWS[1:], "the row 'first', which the table no longer has"),
        (
            [
                ROWS[0]._replace(
                    options={'model.neck.k1': 0.5, 'train_cfg.max_epochs': 3}
                ),
                *ROWS[1:],
            ],
            "'first' with another model.neck.k1, and",
        ),
    ],
)
def test_a_report_with_fewer_runs_is_refused(tmp_path, rows, fault):
    options = {'model.neck.k1': 0.25, 'train_cfg.max_epochs': 3}
    run = dict(result(0, 60.0), options=options)
    write_report(table(), dict(first={0: run}, second={}, third={}), tmp_path)
    with pytest.raises(InputError, match=f'results.json holds {fault}'):
        collect(table(rows), runs(*[[]] * len(rows)), tmp_path / 'results.json')


@pytest.mark.parametrize('content', ['no json', '[]', '{"rows": [1]}'])
def test_an_earlier_report_that_cannot_be_read(tmp_path, content):
    path = tmp_path / 'results.json'
    path.write_text(content)
    with pytest.raises(InputError, match='is not the results.json of a table'):
        collect(table(), runs([], [], []), path)


def test_rows_are_tested_against_the_reference(tmp_path):
    def right(*bits):
        return np.packbits(bits).tobytes().hex()

    results = dict(
        first={0: result(0, 30.0, right=right(1, 1, 1, 0, 0, 0, 0, 0, 0, 0))},
        second={0: result(0, 80.0, right=right(1, 1, 0, 1, 1, 1, 1, 1, 1, 0))},
        third={0: result(0, 80.0)},  # of an older version
    )
    write_report(table(reference='first'), results, tmp_path)
    with open(tmp_path / 'table.csv', newline='') as file:
        found = [row['against first'] for row in csv.DictReader(file)]
    # McNemar: 6 gained, 1 lost, 2 (1 + 7) / 2^7
    assert found == ['', '+50.0 (p = 0.12)', '']


@pytest.mark.parametrize('axis', [None, 'λ'])
def test_chart(tmp_path, axis):
    rows = [Row(name, 'a.py', {}, {}) for name in ('0.1', '0.5')]
    results = {'0.1': RESULTS['first'], '0.5': RESULTS['second']}
    write_report(table(rows, axis), results, tmp_path)
    with Image.open(tmp_path / 'chart.png') as picture:
        assert picture.width > 500


PAGE = 'Text.\n<!-- tiny -->\nold\n<!-- /tiny -->\nMore <!-- other -->.\n'


def test_a_table_is_put_in_its_place(written):
    page = written / 'page.md'
    page.write_text(PAGE)
    for _ in range(2):
        publish('tiny', written, page)
        assert page.read_text() == PAGE.replace(
            'old\n', (written / 'table.md').read_text()
        )


@pytest.mark.parametrize('text', ['', PAGE.replace('/tiny', 'tiny'), PAGE * 2])
def test_a_page_without_a_place_stays(written, text):
    page = written / 'page.md'
    page.write_text(text)
    with pytest.raises(InputError, match='page.md has . places for tiny: write'):
        publish('tiny', written, page)
    assert page.read_text() == text


def test_the_table_names_the_machines_that_are_known(tmp_path):
    runs = {0: result(0, 60.0), 1: result(1, 61.0, machine='Two threads of a CPU')}
    write_report(table(), dict(first=runs, second={}, third={}), tmp_path)
    text = (tmp_path / 'table.md').read_text()
    assert text.count('Machine: Two threads of a CPU.') == 1
    write_report(table(), dict(first={0: runs[0]}, second={}, third={}), tmp_path)
    assert 'Machine' not in (tmp_path / 'table.md').read_text()


def test_a_part_of_the_test_set_is_a_column(tmp_path):
    rows = [row._replace(subsets={'no copies': 'part.json'}) for row in ROWS]
    parts = [{'no copies': dict(top1=top1, samples=4)} for top1 in (50.0, 75.0)]
    results = dict(
        first={k: result(k, 60.0, subsets=parts[k]) for k in (0, 1)},
        second={},
        third={},
    )
    write_report(table(rows), results, tmp_path)
    lines = (tmp_path / 'table.md').read_text().splitlines()
    head, _, first, *_ = [cells(line) for line in lines if line.startswith('|')]
    place = head.index('top-1 in %, no copies')
    # mean and sample deviation of 50 and 75
    assert first[place] == '62.5 ± 17.7'


def test_a_run_that_is_older_than_a_part_of_the_test_set(tmp_path):
    rows = [row._replace(subsets={'no copies': 'part.json'}) for row in ROWS]
    message = r"runs/a was tested before 'no copies'.*remove its result.json"
    with pytest.raises(InputError, match=message):
        write_report(table(rows), RESULTS, tmp_path)
    assert not any(tmp_path.iterdir())
