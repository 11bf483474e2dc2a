import csv
import json

import pytest
from PIL import Image

from mmbimodal.experiments.report import RowResult, write_report
from mmbimodal.experiments.table import Row, Table


def result(top1, minutes=2.0):
    return dict(
        top1=top1,
        top5=95.0,
        gflops=0.5,
        mparams=0.25,
        core_minutes=minutes,
        config='configs/a.py',
        checkpoint='runs/a/epoch_3.pth',
        log='runs/a/log.txt',
    )


def table(rows, axis=None):
    return Table('tiny', 'A title', 'synth', rows, None, axis, 'As said.')


@pytest.fixture
def written(tmp_path):
    rows = [
        Row('first', 'a.py', {}, dict(InfAR=[80.0, 90.5])),
        Row('second', 'a.py', {}, {}),
        Row('third', 'a.py', {}, {}),
    ]
    write_report(
        table(rows),
        [
            RowResult(rows[0], [result(60.0), result(64.0, 4.0)], 2),
            RowResult(rows[1], [result(50.0)], 2),
            RowResult(rows[2], [], 2),
        ],
        tmp_path,
        'python tools/reproduce.py tiny',
    )
    return tmp_path


def test_markdown_has_mean_deviation_and_the_papers_figure(written):
    text = (written / 'table.md').read_text()
    # 60 and 64: mean 62, sample deviation sqrt(8)
    assert (
        '| first | 62.0 ± 2.8 | 95.0 ± 0.0 | 2 | 3.0 | 0.500 | 0.250 | 80.00 / 90.50 |'
    ) in text
    assert '| second | 50.0 | 95.0 | 1 |' in text
    assert '| third | – | – | 0 |' in text
    assert "| the paper's, InfAR |" in text
    assert '`python tools/reproduce.py tiny`' in text and 'As said.' in text


def test_a_table_that_is_partly_done_says_so(written):
    assert 'A title, synth (partial: 3 of 6 runs)' in (written / 'table.md').read_text()


def test_csv_and_json_hold_the_same_rows(written):
    with open(written / 'table.csv', newline='') as file:
        rows = list(csv.DictReader(file))
    assert [row['row'] for row in rows] == ['first', 'second', 'third']
    assert rows[0]['config'] == 'configs/a.py'
    content = json.loads((written / 'results.json').read_text())
    assert [len(row['runs']) for row in content['rows']] == [2, 1, 0]


@pytest.mark.parametrize('axis', [None, 'λ'])
def test_chart(tmp_path, axis):
    rows = [Row(name, 'a.py', {}, {}) for name in ('0.1', '0.5')]
    write_report(
        table(rows, axis),
        [
            RowResult(rows[0], [result(60.0), result(64.0)], 2),
            RowResult(rows[1], [result(50.0)], 2),
        ],
        tmp_path,
        'command',
    )
    with Image.open(tmp_path / 'chart.png') as picture:
        assert picture.width > 500
    assert '(partial' in (tmp_path / 'table.md').read_text()
