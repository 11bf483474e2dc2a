import csv
import json

import numpy as np
import pytest
import torch
from mmaction.registry import MODELS

from mmbimodal.apis import all_conditions
from mmbimodal.errors import InputError
from mmbimodal.visualization import robustness_figure


@pytest.fixture
def tool(load_tool):
    return load_tool('analysis/robustness.py')


@pytest.fixture
def train(tmp_path):
    """Writes a run as reproduce.py leaves it, with random weights."""

    def write(config, name, seed=0):
        folder = tmp_path / name
        (folder / 'train').mkdir(parents=True)
        torch.manual_seed(seed)
        checkpoint = folder / 'train' / 'epoch_1.pth'
        torch.save(MODELS.build(config.model).state_dict(), checkpoint)
        config.dump(folder / 'config.py')
        return folder / 'config.py', checkpoint

    return write


def run(tool, monkeypatch, *arguments):
    monkeypatch.setattr('sys.argv', ['robustness.py', *map(str, arguments)])
    tool.main(tool.parse_args())


def test_two_seeds_and_a_single_modality(
    tool, train, tiny_config, tmp_path, monkeypatch, capsys
):
    runs = [train(tiny_config, f'seed{i}', i) for i in range(2)]
    results = tmp_path / 'results.json'
    results.write_text(
        json.dumps(
            dict(
                rows=[
                    dict(name='STAF', runs=[dict(checkpoint=str(x)) for _, x in runs]),
                    dict(name='unfinished', runs=[]),
                ]
            )
        )
    )
    for key in ('model.backbone', 'test_dataloader.dataset'):
        tiny_config.merge_from_dict({f'{key}.modalities': ('ir',)})
    config, checkpoint = train(tiny_config, 'ir')
    out = tmp_path / 'out'
    run(
        tool,
        monkeypatch,
        results,
        f'IR only={config}:{checkpoint}',
        '--out',
        out,
        '--markdown',
    )

    titles = ['all', 'rgb only', 'ir only'] + [
        f'{name} {share}% black'
        for name in ('rgb', 'ir')
        for share in (25, 50, 75, 100)
    ]
    records = json.loads((out / 'robustness.json').read_text())
    assert [x['name'] for x in records] == ['STAF', 'STAF', 'IR only']
    assert all(list(x['top1']) == titles for x in records)
    alone = records[2]['top1']
    assert alone['rgb only'] is None
    assert {alone[x] for x in titles if 'rgb' in x and x != 'rgb only'} == {
        alone['all']
    }
    assert alone['ir only'] == alone['all']

    rows = list(csv.reader((out / 'robustness.csv').open()))
    assert rows[0] == ['', *titles]
    assert [row[0] for row in rows[1:]] == ['STAF', 'IR only']
    assert rows[2][2] == '–'
    mean, deviation = (
        function([100 * x['top1']['all'] for x in records[:2]])
        for function in (np.mean, lambda x: np.std(x, ddof=1))
    )
    assert rows[1][1] == f'{mean:.1f} ± {deviation:.1f}'
    table = (out / 'robustness.md').read_text()
    assert table in capsys.readouterr().out
    assert len({line.count('|') for line in table.splitlines()}) == 1
    assert (out / 'robustness.png').stat().st_size < 300_000


def test_the_table_on_the_terminal(tool, capsys):
    head = ['', *(tool.title(x, ['rgb', 'ir']) for x in all_conditions(['rgb', 'ir']))]
    tool.show(head, [['feature sum', *['76.2 ± 1.3'] * 11]])
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert sum(line.count('76.2') for line in lines) == 11


@pytest.mark.parametrize(
    'run_argument, sentence',
    [
        ('STAF', "there is no model 'STAF'"),
        ('STAF=config.py', 'is neither a model, NAME='),
        ('STAF=nowhere.py:a.pth', 'the config nowhere.py does not exist'),
        ('nowhere.json', 'nowhere.json is not a results.json'),
    ],
)
def test_wrong_runs(tool, run_argument, sentence):
    with pytest.raises(InputError, match=sentence):
        list(tool.read_runs([run_argument]))


@pytest.mark.parametrize(
    'content, sentence',
    [
        ('[]', 'is not a results.json'),
        ('{"rows": [{"name": "a", "runs": []}]}', 'has no finished run'),
        (
            '{"rows": [{"name": "a", "runs": [{"checkpoint": "x/train/e.pth"}]}]}',
            'x/config.py, the config of x/train/e.pth, does not exist',
        ),
    ],
)
def test_wrong_results(tool, tmp_path, content, sentence):
    path = tmp_path / 'results.json'
    path.write_text(content)
    with pytest.raises(InputError, match=sentence):
        list(tool.read_runs([str(path)]))


def test_different_test_sets(tool, train, tiny_config, tmp_path, monkeypatch):
    first = train(tiny_config, 'a')
    tiny_config.test_dataloader.dataset.ann_file = 'other.json'
    second = train(tiny_config, 'b')
    with pytest.raises(InputError, match='other.json.*one test set'):
        run(
            tool,
            monkeypatch,
            *(f'm={c}:{w}' for c, w in (first, second)),
            '--out',
            tmp_path,
        )


def test_the_chart():
    conditions = all_conditions(['rgb', 'ir'])
    both = np.linspace(0.9, 0.3, 11)[None] + [[0.0], [0.02]]
    single = both.copy()
    single[:, 1] = np.nan
    figure = robustness_figure(
        dict(both=both, single=single), conditions, ['rgb', 'ir'], 1 / 12
    )
    for ax, columns in zip(figure.axes, ([0, 3, 4, 5, 6], [0, 7, 8, 9, 10])):
        curve = next(x for x in ax.containers if x.get_label() == 'both')
        assert np.allclose(curve[0].get_ydata(), both.mean(0)[columns])
        bars = curve[2][0].get_segments()
        assert np.allclose([np.ptp(bar[:, 1]) for bar in bars], 2 * 0.02 / np.sqrt(2))
    # Without rgb, the model of ir alone has its point, and no other one.
    ends = [
        [
            line.get_ydata()[-1]
            for line in ax.lines
            if len(line.get_ydata()) == 2
            and line.get_linestyle() == ':'
            and line.get_label() != 'chance'
        ]
        for ax in figure.axes
    ]
    assert np.allclose(ends[0], both.mean(0)[2])
    assert np.isclose(ends[1][0], both.mean(0)[1]) and np.isnan(ends[1][1])
