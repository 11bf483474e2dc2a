"""The tables of configs/experiments, on every data set."""

from pathlib import Path

import pytest

from mmbimodal.errors import InputError
from mmbimodal.experiments import Row, Run, load_table, table_names

CONFIGS = Path(__file__).resolve().parents[2] / 'configs'
TABLES = CONFIGS / 'experiments'
# As many rows as the paper prints; QMF and the sum are more in Table 2.
ROWS = dict(table1=10, table2=10, table3=8, table4=9, table5=4, fig4=7)
DATASETS = ('synth', 'infar', 'ntu60')
FINE_TUNED = ('table2', 'table3', 'table4', 'table5', 'fig4', 'ceiling', 'extensions')


def runs(name, dataset, root):
    table = load_table(TABLES, name, dataset)
    pretrained = table.pretrained and Run(table.pretrained, 0, CONFIGS, root)
    return [Run(row, 0, CONFIGS, root, pretrained) for row in table.rows]


def test_the_papers_tables_are_all_there():
    assert set(ROWS) <= set(table_names(TABLES))


@pytest.mark.parametrize('dataset', DATASETS)
@pytest.mark.parametrize('name', ROWS)
def test_every_row_has_a_config_that_reads_its_options(name, dataset, tmp_path):
    rows = runs(name, dataset, tmp_path)
    assert len(rows) == ROWS[name]
    # No two rows of a table are the same experiment.
    assert len({run.folder for run in rows}) == len(rows)


@pytest.mark.parametrize('dataset', DATASETS)
def test_tables_share_the_runs_of_staf(dataset, tmp_path):
    shared = set.intersection(
        *(
            {run.folder for run in runs(name, dataset, tmp_path)}
            for name in ('table2', 'table3', 'table4', 'table5', 'fig4')
        )
    )
    assert [path.name.split('-')[0] for path in shared] == [
        f'staf_{dataset}' if dataset != 'ntu60' else 'staf_ntu60_xview'
    ]


def test_every_row_of_a_synth_table_gets_the_same_schedule(tmp_path):
    for name, epochs in (('table1', 6), ('table3', 3)):
        for run in runs(name, 'synth', tmp_path):
            assert run.config.train_cfg.max_epochs == epochs
            assert run.config.param_scheduler[-1].end == epochs


@pytest.mark.parametrize('name', FINE_TUNED)
def test_every_fine_tuned_table_has_the_distractor_set(name, tmp_path):
    table = load_table(TABLES, name, 'distractor')
    pretrained = Run(table.pretrained, 0, CONFIGS, tmp_path)
    assert pretrained.config.test_dataloader.dataset.data_root != 'data/distractor'
    rows = [Run(row, 0, CONFIGS, tmp_path, pretrained) for row in table.rows]
    assert len({run.folder for run in rows}) == len(rows)
    for run in rows:
        assert run.config.param_scheduler[-1].end == run.config.train_cfg.max_epochs
        for split in ('train', 'val', 'test'):
            dataset = run.config[f'{split}_dataloader'].dataset
            assert dataset.data_root == 'data/distractor'
            for step in dataset.pipeline:
                truth = step.get('truth_file', 'data/distractor/truth.json')
                assert truth == 'data/distractor/truth.json'


def test_fine_tuned_rows_start_from_the_run_before_them(tmp_path):
    table = load_table(TABLES, 'table3', 'synth')
    pretrained = Run(table.pretrained, 0, CONFIGS, tmp_path)
    run = Run(table.rows[0], 3, CONFIGS, tmp_path, pretrained)
    assert run.config.model.backbone.init_cfg.checkpoint == str(
        tmp_path / pretrained.folder.name / 'train' / 'epoch_22.pth'
    )
    assert run.config.randomness.seed == 3


def test_figures_of_the_paper():
    assert load_table(TABLES, 'table1', 'synth').rows[-1].paper == {
        'InfAR': [89.17, 98.33],
        'NTU60 xview': [86.67, 99.07],
    }


@pytest.mark.parametrize(
    'arguments, sentence',
    [
        (
            ('table9', 'synth'),
            "no table 'table9': choose from ceiling, extensions, fig4, skeleton, ",
        ),
        (('table1', 'nyu'), "no data set 'nyu': choose from synth, infar, ntu60"),
    ],
)
def test_unknown_names_list_the_valid_ones(arguments, sentence):
    with pytest.raises(InputError, match=sentence):
        load_table(TABLES, *arguments)


def test_an_unknown_row_lists_the_valid_ones():
    table = load_table(TABLES, 'table1', 'synth')
    assert [row.name for row in table.select(['STAF', 'TSM'])] == ['TSM', 'STAF']
    with pytest.raises(InputError, match="no row of table1 'TSN': choose from TSM"):
        table.select(['TSN'])


@pytest.mark.parametrize(
    'key', ['param_scheduler.first.end', 'param_scheduler.9.end', 'model.neck.k1.to']
)
def test_an_option_without_a_place_is_one_sentence(tmp_path, key):
    row = Row('a', 'staf_synth.py', {key: 1}, {})
    with pytest.raises(InputError, match=f'{key} do not fit'):
        Run(row, 0, CONFIGS, tmp_path)


def test_the_rows_of_the_skeletons_are_different_trainings(tmp_path):
    rows = runs('skeleton', 'nw_ucla', tmp_path)
    assert len({run.folder for run in rows}) == len(rows) == 6
    for run in rows:
        train, test = (
            run.config[f'{split}_dataloader'].dataset for split in ('train', 'test')
        )
        strict = 'twins' in next(
            row.name
            for row in load_table(TABLES, 'skeleton', 'nw_ucla').rows
            if row.options == run.options and row.config in str(run.source)
        )
        assert train.ann_file.endswith(
            'xview_strict_train.json' if strict else 'xview_train.json'
        )
        # All are tested on the same clips, with the streams that they learn.
        assert test.ann_file == 'annotations/xview_test.json'
        streams = [
            step.streams
            for data in (train, test)
            for step in data.pipeline[1].transforms.skeleton
            if step.type == 'SkeletonStreams'
        ]
        assert streams[0] == streams[1]
        backbone = run.config.model.backbone.branches.skeleton.backbone
        assert backbone.in_channels == 3 * len(streams[0])
        assert list(run.subsets.values()) == [
            'data/nw_ucla/annotations/xview_noleak_test.json'
        ]
