"""The cost columns of Table 1, pinned.

The heavy half takes a minute and 8 GB: ``SLOW_TESTS=1`` runs it. Parameters
of all rows are pinned always.
"""

import re

import pytest
from mmaction.registry import MODELS
from mmengine.analysis import parameter_count
from mmengine.config import Config

# 10⁹ multiply-adds, 10⁶ parameters: backbone, batch norm in training mode.
EXPECTED = {
    'TSM': (66.28, 23.51),
    'SlowFast': (48.84, 61.99),
    'CSN': (42.69, 32.20),
    'Hiera': (203.85, 50.78),
    'TimeSformer': (327.07, 101.17),
    'TANet': (126.31, 89.77),
    'VideoFocalNets': (221.08, 156.98),
    'VideoSwin': (287.44, 196.34),
    'MViT': (337.90, 212.76),
    'STAF': (333.23, 108.58),
    "STAF, path='dense'": (372.53, 108.58),
}
LIGHT = ('TSM', 'SlowFast')


@pytest.fixture
def tool(load_tool):
    return load_tool('analysis/cost_table.py')


def row_of(tool, name):
    return {row.name: row for row in (*tool.ROWS, tool.DENSE)}[name]


def test_ten_rows(tool):
    assert len(tool.ROWS) == 10
    assert {row.name for row in (*tool.ROWS, tool.DENSE)} == set(EXPECTED)


@pytest.mark.parametrize(
    'name',
    [
        pytest.param(name, marks=[] if name in LIGHT else pytest.mark.slow)
        for name in EXPECTED
    ],
)
def test_the_cost(tool, name):
    cost = tool.count(row_of(tool, name))
    assert cost['flops'] == pytest.approx(EXPECTED[name][0], abs=0.006)
    assert cost['params'] == pytest.approx(EXPECTED[name][1], abs=0.006)


@pytest.mark.parametrize('name', [x for x in EXPECTED if x not in LIGHT])
def test_the_parameters(tool, name):
    row = row_of(tool, name)
    config = Config.fromfile(str(tool.CONFIGS / row.config))
    model = MODELS.build(config.model if row.whole else config.model.backbone)
    assert parameter_count(model)[''] / 1e6 == pytest.approx(
        EXPECTED[name][1], abs=0.006
    )


@pytest.mark.parametrize('name', EXPECTED)
def test_large_deviations_are_explained(tool, name):
    row = row_of(tool, name)
    words = tool.cells(row, dict(zip(('flops', 'params'), EXPECTED[name])))
    deviations = [float(words[i].split()[0]) for i in (3, 6)]
    assert bool(words[-1]) == any(abs(x) > 2 for x in deviations)
    assert words[-1] != 'NOT EXPLAINED'


def test_an_unexplained_deviation_is_marked(tool):
    row = tool.Row('x', '', 100.0, 10.0)
    assert tool.cells(row, dict(flops=101.0, params=10.0))[-1] == ''
    assert tool.cells(row, dict(flops=90.0, params=10.0))[-1] == 'NOT EXPLAINED'


@pytest.mark.parametrize('markdown', [True, False])
def test_the_printed_table(tool, markdown, monkeypatch, capsys):
    monkeypatch.setattr(
        tool, 'count', lambda row: dict(zip(('flops', 'params'), EXPECTED[row.name]))
    )
    monkeypatch.setattr('sys.argv', ['cost_table.py', *['--markdown'] * markdown])
    tool.main(tool.parse_args())
    lines = capsys.readouterr().out.split('\n\n')[0].splitlines()
    assert len(lines) == 12 + markdown
    if markdown:
        assert len({line.count('|') for line in lines}) == 1
    assert re.search(r'TSM\W+66\.28\W+66\.3\W+-?0\.0 %', lines[1 + markdown])
