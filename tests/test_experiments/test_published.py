"""What model_zoo.md and resources/tables say is what was measured."""

import json
import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from mmbimodal.experiments import collect, load_table, write_report

ROOT = Path(__file__).resolve().parents[2]
REPORTS = sorted((ROOT / 'resources' / 'tables').glob('*/*/results.json'))
BLOCK = re.compile(r'<!-- ([\w-]+) -->\n(.*?)<!-- /\1 -->', re.DOTALL)
BLOCKS = dict(BLOCK.findall((ROOT / 'model_zoo.md').read_text(encoding='utf-8')))
BLOCKS.pop('released')  # tests/test_configs/test_metafiles.py


def rows_of(markdown):
    """First cells of a Markdown table below its head."""
    lines = [x for x in markdown.splitlines() if x.startswith('|')]
    return [line.split('|')[1].strip() for line in lines[2:]]


def place_of(path):
    """The name of a report's block: the quickstart's data set has no suffix."""
    dataset, name = path.parts[-3:-1]
    return f'{name}-{dataset}'.removesuffix('-synth')


def test_every_report_has_a_block_and_every_block_a_report():
    assert sorted(map(place_of, REPORTS)) == sorted(BLOCKS)


@pytest.mark.parametrize('path', REPORTS, ids=place_of)
def test_a_block_is_the_report_of_its_table(path, tmp_path):
    dataset, name = path.parts[-3:-1]
    markdown = (path.parent / 'table.md').read_text(encoding='utf-8')
    assert BLOCKS[place_of(path)] == markdown
    table = load_table(ROOT / 'configs' / 'experiments', name, dataset)
    assert rows_of(markdown) == [row.name for row in table.rows]
    # The command writes the same from the single runs, of which it has none.
    nothing = [SimpleNamespace(results=[])] * len(table.rows)
    write_report(table, collect(table, nothing, path), tmp_path)
    for file in ('table.md', 'table.csv', 'results.json'):
        assert (tmp_path / file).read_bytes() == (path.parent / file).read_bytes()


def test_the_runs_of_the_tables_are_all_there():
    """Results never become fewer: as many as were published on 2026-11-25."""
    counts = {
        path.parts[-3] + '/' + path.parts[-2]: sum(
            len(row['runs']) for row in json.loads(path.read_text())['rows']
        )
        for path in REPORTS
    }
    before = dict(table1=29, table2=30, table3=24, table4=9, table5=8, fig4=7)
    assert {name: counts[f'synth/{name}'] >= n for name, n in before.items()} == (
        dict.fromkeys(before, True)
    )
