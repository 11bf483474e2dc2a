import argparse
import json
import runpy
from pathlib import Path

import numpy as np
import pytest

from mmbimodal.datasets.skeleton import read_compact
from mmbimodal.datasets.synthetic import Request, Settings, generate

ROOT = Path(__file__).resolve().parents[2]


def test_selection(run_tool, config_file, checkpoint, tmp_path, check_png):
    run_tool(
        'visualizations/selection.py',
        config_file,
        checkpoint,
        '--num',
        2,
        '--out',
        tmp_path,
    )
    assert sorted(x.name for x in tmp_path.iterdir()) == ['s0.png', 's2.png']
    for path in tmp_path.iterdir():
        check_png(path)


def test_selection_of_files(run_tool, config_file, checkpoint, data_root, tmp_path):
    run_tool(
        'visualizations/selection.py',
        config_file,
        checkpoint,
        '--files',
        f'rgb={data_root}/rgb/s0.avi',
        f'ir={data_root}/ir/s0.avi',
        '--out',
        tmp_path,
    )
    assert len(list(tmp_path.glob('*.png'))) == 1


@pytest.mark.parametrize(
    'arguments, sentence',
    [
        (('--sample', 'nobody'), "error: there is no sample 'nobody' in "),
        (('--files', 'a.avi'), 'error: --files a.avi is not a list of NAME=PATH'),
        (('--num', '0'), 'error: --num 0 is not a number of samples'),
    ],
)
def test_mistakes(run_tool, config_file, checkpoint, tmp_path, arguments, sentence):
    with pytest.raises(SystemExit, match=sentence):
        run_tool(
            'visualizations/selection.py',
            config_file,
            checkpoint,
            *arguments,
            '--out',
            tmp_path,
        )


def test_predictions_to_confusion(
    run_tool, config_file, checkpoint, tmp_path, check_png
):
    predictions = tmp_path / 'predictions.json'
    run_tool(
        'test.py',
        config_file,
        checkpoint,
        '--work-dir',
        tmp_path / 'work',
        '--cfg-options',
        'test_evaluator.type=mmbimodal.evaluation.SavePredictions',
        f'test_evaluator.out_file={predictions}',
    )
    content = json.loads(predictions.read_text())
    assert content['classes'] == ['fight', 'hug', 'walk']
    rows = content['predictions']
    assert [(x['sample_id'], x['label']) for x in rows] == [
        ('s0', 0),
        ('s1', 1),
        ('s2', 2),
    ]
    assert all(abs(sum(x['scores']) - 1) < 1e-4 for x in rows)
    # accuracies are reported as without the file
    log = next((tmp_path / 'work').glob('*/*.json')).read_text()
    assert 'acc/top1' in log
    run_tool(
        'visualizations/confusion.py', predictions, '--out', tmp_path / 'confusion.png'
    )
    check_png(tmp_path / 'confusion.png')


@pytest.fixture
def predictions(tmp_path):
    path = tmp_path / 'a.json'
    path.write_text(
        json.dumps(
            dict(
                classes=['walk', 'hug'],
                predictions=[dict(sample_id='s', label=0, scores=[0.7, 0.3])],
            )
        )
    )
    return path


def test_two_confusions(run_tool, predictions, tmp_path, check_png):
    run_tool(
        'visualizations/confusion.py',
        predictions,
        predictions,
        '--names',
        'sum',
        'STAF',
        '--out',
        tmp_path / 'pair.png',
    )
    check_png(tmp_path / 'pair.png')


@pytest.mark.parametrize(
    'times, names, sentence',
    [
        (3, (), 'error: 3 files of predictions do not fit'),
        (1, ('--names', 'a', 'b'), 'error: --names a b does not fit 1 file'),
        (2, ('--names', 'a'), 'error: --names a does not fit 2 file'),
    ],
)
def test_number_of_confusions(run_tool, predictions, tmp_path, times, names, sentence):
    with pytest.raises(SystemExit, match=sentence):
        run_tool(
            'visualizations/confusion.py',
            *[predictions] * times,
            *names,
            '--out',
            tmp_path / 'pair.png',
        )


def test_curves(run_tool, tmp_path, check_png):
    path = tmp_path / '20260101_000000/vis_data/scalars.json'
    path.parent.mkdir(parents=True)
    path.write_text(
        '{"loss": 2.0, "epoch": 1, "step": 5}\n{"loss": 1.0, "epoch": 1, "step": 10}\n'
    )
    run_tool('visualizations/curves.py', tmp_path, '--out', tmp_path / 'curves.png')
    check_png(tmp_path / 'curves.png')


def test_selection_quality(run_tool, config_file, checkpoint, tmp_path, capsys):
    known = dict(visible=[True] * 20, box=[[0, 0, 1, 1]] * 20)
    truth = tmp_path / 'truth.json'
    truth.write_text(
        json.dumps(dict(samples={f's{k}': dict(rgb=known, ir=known) for k in range(3)}))
    )
    out = tmp_path / 'quality.json'
    run_tool(
        'analysis/selection_quality.py',
        config_file,
        checkpoint,
        '--truth',
        truth,
        '--json',
        out,
    )
    quality = json.loads(out.read_text())
    assert list(quality) == ['rgb', 'ir', 'overall']
    # three samples, 8 of 16 frames, 4 × 10 + 4 × 6 of their 16 regions each
    assert quality['overall'] == dict(
        frames_visible=1,
        frames_chance=1,
        frames_chance_any=1,
        frames_auc=None,
        regions_inside=1,
        regions_chance=1,
        regions_chance_any_frame=1,
        selected_frames=24,
        sampled_frames=48,
        kept_regions=192,
    )
    assert '24 of 48' in capsys.readouterr().out


def test_pairs(run_tool, data_root, tmp_path, check_png):
    annotation = data_root / 'annotations/xview_test.json'
    run_tool('visualizations/pairs.py', annotation, '--out', tmp_path / 'all')
    assert sorted(x.stem for x in (tmp_path / 'all').iterdir()) == ['s0', 's1', 's2']
    part = dict(visible=[True] * 10 + [False] * 10)
    truth = tmp_path / 'truth.json'
    truth.write_text(json.dumps(dict(samples=dict(s1=dict(rgb=part, ir=part)))))
    options = ('--sample', 's1', '--truth', truth, '--frames', 3)
    run_tool('visualizations/pairs.py', annotation, *options, '--out', tmp_path / 'one')
    assert [x.name for x in (tmp_path / 'one').iterdir()] == ['s1.png']
    check_png(tmp_path / 'one/s1.png')


def test_pairs_that_are_not_there(run_tool, data_root, tmp_path):
    annotation = data_root / 'annotations/xview_test.json'
    options = ('--sample', 'nobody', '--out', tmp_path)
    with pytest.raises(SystemExit, match="no sample 'nobody' .* 3 from s0 to s2"):
        run_tool('visualizations/pairs.py', annotation, *options)


@pytest.fixture(scope='module')
def tracked(tmp_path_factory):
    root = tmp_path_factory.mktemp('tracked')
    generate(root, Request(0, 1, Settings(0, (72, 96), 'default', skeletons=True)), 1)
    return root / 'annotations/xview_test.json'


def test_pairs_with_skeletons(run_tool, tracked, tmp_path, check_png):
    run_tool('visualizations/pairs.py', tracked, '--out', tmp_path)
    (path,) = tmp_path.iterdir()
    check_png(path)


def test_joints_of_pairs_lie_on_the_pictures(tracked):
    """In pixels of what was decoded, whatever size the joints were recorded at."""
    tool = runpy.run_path(str(ROOT / 'tools/visualizations/pairs.py'))
    part = tool['joint_part']
    layouts = tool['find_layouts'](tracked)
    assert layouts == dict(rgb=None, ir=None, skeleton='nturgb+d')
    args = argparse.Namespace(ann_file=tracked, frames=4, truth=None)
    parts = tool['open_dataset'](args, layouts)[0]['modalities']
    true = read_compact(parts['skeleton']['filename'])
    wanted = [part('rgb=colorXY'), part('ir=depthXY:86x114')]
    found = tool['find_joints'](parts, layouts, wanted)
    frames = parts['skeleton']['frame_inds']
    assert (frames == parts['rgb']['frame_inds']).all()
    np.testing.assert_allclose(found['rgb'].places, true.colorXY[:, frames] - 0.5)
    # the infrared picture is 43x57, half of what was said
    np.testing.assert_allclose(
        found['ir'].places, true.depthXY[:, frames] / 2 - 0.5, rtol=1e-6
    )
    with pytest.raises(argparse.ArgumentTypeError, match='is not such as'):
        part('rgb=keypoint')


def test_skeletons_alone_have_no_picture(run_tool, tracked, tmp_path):
    content = json.loads(tracked.read_text())
    content['metainfo']['modalities'] = ['skeleton']
    content['data_list'] = [
        {key: row[key] for key in ('sample_id', 'label', 'skeleton')}
        for row in content['data_list']
    ]
    alone = tracked.with_name('alone.json')
    alone.write_text(json.dumps(content))
    with pytest.raises(SystemExit, match='has skeletons only'):
        run_tool('visualizations/pairs.py', alone, '--out', tmp_path)
