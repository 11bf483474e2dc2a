"""Predictions for one's own files: those of testing, whatever the input."""

import copy
import csv
import json
import runpy
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmaction.registry import MODELS
from mmengine.config import Config

from mmbimodal.apis import MMBimodalInferencer
from mmbimodal.datasets import open_frames
from mmbimodal.errors import InputError
from mmbimodal.evaluation import read_predictions

ROOT = Path(__file__).resolve().parents[2]
CLASSES = [f'class {i}' for i in range(12)]
FRAMES = np.zeros((8, 64, 64, 3), np.uint8)


def save_weights(config, path):
    torch.manual_seed(0)
    model = MODELS.build(config.model)
    model.init_weights()
    with torch.no_grad():  # predictions that differ between samples
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    meta = dict(dataset_meta=dict(classes=CLASSES))
    torch.save(dict(state_dict=model.state_dict(), meta=meta), path)
    return str(path)


@pytest.fixture
def checkpoint(tiny_config, tmp_path):
    return save_weights(tiny_config, tmp_path / 'tiny.pth')


@pytest.fixture
def inferencer(tiny_config, checkpoint):
    return MMBimodalInferencer(tiny_config, checkpoint, device='cpu')


@pytest.fixture
def annotation(pairs):
    return pairs / 'annotations/xview_test.json'


@pytest.fixture
def rows(annotation, pairs):
    """Test samples as a user writes them down."""
    return [
        {name: str(pairs / row[name]) for name in ('rgb', 'ir')}
        for row in json.loads(annotation.read_text())['data_list']
    ]


def scores(result):
    return np.array([x['scores'] for x in result['predictions']])


def test_predictions_are_those_of_testing(
    inferencer, tiny_config, checkpoint, annotation, tmp_path, monkeypatch
):
    """``tools/test.py`` rounds what it saves to six digits."""
    config_file, saved = tmp_path / 'tiny.py', tmp_path / 'saved.json'
    tiny_config.dump(config_file)
    arguments = [
        'test.py',
        config_file,
        checkpoint,
        *('--work-dir', tmp_path / 'work', '--cfg-options'),
        'test_evaluator.type=mmbimodal.evaluation.SavePredictions',
        f'test_evaluator.out_file={saved}',
    ]
    monkeypatch.setattr(sys, 'argv', [str(x) for x in arguments])
    monkeypatch.syspath_prepend(ROOT / 'tools')
    runpy.run_path(str(ROOT / 'tools/test.py'), run_name='__main__')
    tested = read_predictions(saved)

    written = tmp_path / 'new' / 'found.json'
    four = inferencer(annotation, batch_size=4, out_file=written)
    found = read_predictions(written)  # the same format
    assert found.sample_ids == tested.sample_ids and len(tested.sample_ids) == 12
    assert found.labels.tolist() == tested.labels.tolist()
    assert np.ptp(tested.scores, axis=0).max() > 1e-3
    np.testing.assert_allclose(found.scores, tested.scores, atol=1e-5)
    one = inferencer(annotation)
    np.testing.assert_allclose(scores(one), scores(four), atol=1e-5)
    assert [x['key_frames'] for x in one['predictions']] == [
        x['key_frames'] for x in four['predictions']
    ]


def test_files_arrays_and_annotations_say_the_same(inferencer, annotation, rows):
    expected = scores(inferencer(annotation))[:2]
    np.testing.assert_allclose(scores(inferencer(rows[:2])), expected, atol=1e-6)
    arrays = [{name: decode(path) for name, path in row.items()} for row in rows[:2]]
    before = copy.deepcopy(arrays)
    found = inferencer(arrays)
    np.testing.assert_allclose(scores(found), expected, atol=1e-6)
    assert [x['sample_id'] for x in found['predictions']] == ['sample', 'sample-2']
    for row, old in zip(arrays, before):
        assert all(np.array_equal(row[name], old[name]) for name in old)


def decode(path):
    with open_frames(path) as reader:
        return np.stack(reader.read(range(len(reader))))


def test_grey_arrays(inferencer, tiny_config, checkpoint, rows):
    frames = decode(rows[0]['ir'])
    grey = frames[..., 0]
    alike = inferencer(dict(ir=np.repeat(grey[..., None], 3, -1)))
    assert np.array_equal(scores(inferencer(dict(ir=grey))), scores(alike))
    tiny_config.test_dataloader.dataset.value_windows = dict(ir=(1000, 1255))
    sixteen = MMBimodalInferencer(tiny_config, checkpoint, 'cpu')
    found = sixteen(dict(ir=grey.astype(np.uint16) + 1000))
    assert np.array_equal(scores(found), scores(alike))


def test_one_modality_alone(inferencer, rows):
    """It is as if the row of the annotation had no other one."""
    alone, pair = inferencer([dict(ir=rows[0]['ir']), rows[0]])['predictions']
    assert list(alone['key_frames']) == ['ir'] and len(alone['key_frames']['ir']) == 4
    assert list(pair['key_frames']) == ['rgb', 'ir']
    assert not np.allclose(alone['scores'], pair['scores'])
    batch = inferencer([rows[0], dict(ir=rows[0]['ir'])], batch_size=2)
    np.testing.assert_allclose(scores(batch)[1], alone['scores'], atol=1e-6)


def test_what_is_returned_and_written(inferencer, rows, tmp_path, capsys):
    result = inferencer(rows[:2], batch_size=2, top_k=3, out_dir=tmp_path / 'out')
    first = result['predictions'][0]
    best = np.argsort(first['scores'])[::-1]
    assert first['pred_label'] == best[0]
    assert first['pred_class'] == CLASSES[best[0]]
    assert first['top_k'] == [
        {'class': CLASSES[k], 'score': first['scores'][k]} for k in best[:3]
    ]
    assert sum(first['scores']) == pytest.approx(1, abs=1e-5)
    saved = json.loads((tmp_path / 'out/predictions.json').read_text())
    assert saved == dict(classes=CLASSES, predictions=result['predictions'])
    with open(tmp_path / 'out/predictions.csv', newline='') as file:
        lines = list(csv.DictReader(file))
    assert [x['sample_id'] for x in lines] == [
        x['sample_id'] for x in result['predictions']
    ]
    assert lines[0]['pred_class'] == first['pred_class']
    assert [float(lines[0][name]) for name in CLASSES] == first['scores']
    for path in result['visualization']:
        assert cv2.imread(path).std() > 10
    assert [Path(x).stem for x in result['visualization']] == [
        x['sample_id'] for x in result['predictions']
    ]
    # one batch is quick: no progress bar
    assert 'inference' not in capsys.readouterr().err


def test_scores_of_each_branch(tiny_config, rows, tmp_path):
    tiny_config.model.neck = None
    tiny_config.model.cls_head = dict(
        type='ScoreAverageHead',
        num_classes=12,
        in_channels=16,
        modalities=['rgb', 'ir'],
        average_clips='prob',
    )
    tiny_config.model.backbone.with_saliency = False
    weights = save_weights(tiny_config, tmp_path / 'average.pth')
    inferencer = MMBimodalInferencer(tiny_config, weights, 'cpu')
    out_file = tmp_path / 'scores.csv'
    result = inferencer([rows[0], dict(ir=rows[1]['ir'])], out_file=out_file)
    pair, alone = result['predictions']
    mean = np.mean([x['scores'] for x in pair['branches'].values()], axis=0)
    np.testing.assert_allclose(pair['scores'], mean, atol=1e-6)
    assert list(alone['branches']) == ['ir']
    branch = alone['branches']['ir']
    np.testing.assert_allclose(alone['scores'], branch['scores'], atol=1e-6)
    assert branch['class'] == alone['pred_class']
    assert 'key_frames' not in pair and result['visualization'] == []
    with open(out_file, newline='') as file:
        lines = list(csv.DictReader(file))
    assert lines[1]['rgb_class'] == '' and lines[1]['ir_class'] == alone['pred_class']


def test_names_of_samples(inferencer, rows):
    named = dict(rows[0], sample_id='night/7')
    inputs = [dict(ir=rows[0]['ir']), dict(ir=rows[0]['ir']), named]
    before = copy.deepcopy(inputs)
    found = [x['sample_id'] for x in inferencer(inputs)['predictions']]
    stem = Path(rows[0]['ir']).stem
    assert found == [stem, f'{stem}-2', 'night/7']
    assert inputs == before


def test_data_samples(inferencer, rows):
    (sample,) = inferencer(rows[0], return_datasamples=True)['predictions']
    assert sample.pred_score.shape == (12,) and 'selection' not in sample


@pytest.mark.parametrize(
    'inputs, message',
    [
        ([], 'the list of samples is empty'),
        (dict(depth='x.avi'), 'has the modalities depth, the model knows rgb, ir'),
        (dict(), r'\(none\)'),
        (dict(ir='nowhere.avi'), 'nowhere.avi, the ir of the sample, does not exist'),
        (['a.avi'], 'a sample is a str: give a dict'),
        ('a.avi', r'a.avi is not an annotation \(.json\)'),
        ('nowhere.json', 'nowhere.json does not exist'),
        (dict(ir=np.zeros((8, 64, 64, 4), np.uint8)), r'shape \(8, 64, 64, 4\)'),
        (dict(ir=np.zeros((0, 64, 64))), r'shape \(0, 64, 64\)'),
        (dict(ir=np.zeros((8, 64, 64), np.uint16)), 'grey values of 16 bits'),
        (dict(ir=FRAMES, sample_id='../up'), 'cannot name the files'),
        ([dict(ir=FRAMES, sample_id='a')] * 2, "two samples have the sample_id 'a'"),
    ],
)
def test_mistakes(inferencer, inputs, message):
    with pytest.raises(InputError, match=message):
        inferencer(inputs)


def test_a_file_that_is_no_video(inferencer, rows, tmp_path):
    path = tmp_path / 'notes.avi'
    path.write_text('walk to the left')
    with pytest.raises(InputError, match='notes.avi cannot be read'):
        inferencer(dict(rows[0], ir=path))


def test_results_that_cannot_be_written(inferencer, rows, tmp_path):
    """They are refused before anything is computed."""
    (tmp_path / 'file').write_text('')
    inferencer.model.test_step = None
    with pytest.raises(InputError, match='file/out cannot be written'):
        inferencer(rows[0], out_dir=tmp_path / 'file/out')
    with pytest.raises(InputError, match='file cannot be written'):
        inferencer(rows[0], out_file=tmp_path / 'file/scores.csv')
    with pytest.raises(InputError, match='neither .json nor .csv'):
        inferencer(rows[0], out_file=tmp_path / 'scores.txt')


def test_models_that_cannot_be_used(tiny_config, checkpoint, rows):
    with pytest.raises(InputError, match='the config nowhere.py does not exist'):
        MMBimodalInferencer('nowhere.py', checkpoint)
    with pytest.raises(InputError, match='there is no checkpoint'):
        MMBimodalInferencer(tiny_config)
    with pytest.raises(InputError, match='batch_size=0'):
        MMBimodalInferencer(tiny_config, checkpoint, 'cpu')(rows, batch_size=0)
    tiny_config.model.backbone.num_layers = 3
    with pytest.raises(InputError, match='does not fit this model'):
        MMBimodalInferencer(tiny_config, checkpoint)


def test_scores_that_are_nan(inferencer, rows):
    with torch.no_grad():
        inferencer.model.cls_head.fc_cls.bias[0] = torch.nan
    with pytest.raises(InputError, match='are NaN or infinite'):
        inferencer(rows[0])


def test_warning_of_lengths(inferencer, rows, recwarn, tmp_path):
    inferencer(rows[0])
    assert not [x for x in recwarn if 'lengths' in str(x.message)]
    frames = decode(rows[0]['ir'])
    writer = cv2.VideoWriter(
        str(tmp_path / 'short.avi'), cv2.VideoWriter_fourcc(*'MJPG'), 25, (72, 72)
    )
    for frame in frames[: len(frames) * 7 // 10]:
        writer.write(cv2.resize(frame, (72, 72)))
    writer.release()
    with pytest.warns(UserWarning, match='differ by more than 20%'):
        inferencer(dict(rgb=rows[0]['rgb'], ir=tmp_path / 'short.avi'))


def test_warning_of_swapped_files(inferencer, rows, recwarn):
    """Every pair of the test set is told from the same one swapped."""
    inferencer(rows, batch_size=6)
    assert not [x for x in recwarn if 'swapped' in str(x.message)]
    swapped = [dict(rgb=row['ir'], ir=row['rgb']) for row in rows]
    inferencer(swapped, batch_size=6)
    found = [x for x in recwarn if 'check that they are not swapped' in str(x.message)]
    assert len(found) > len(rows) / 2  # the others are of dark scenes


def test_a_modality_without_normalisation(tiny_config, checkpoint, rows):
    """Such as joints, of which no colour is expected."""
    tiny_config.model.data_preprocessor.preprocessors.ir = dict(
        type='ActionDataPreprocessor', format_shape='NCTHW'
    )
    inferencer = MMBimodalInferencer(tiny_config, checkpoint, 'cpu')
    assert np.isfinite(scores(inferencer(rows[0]))).all()


def test_it_takes_a_config_by_path(tiny_config, checkpoint, rows, tmp_path, inferencer):
    path = tmp_path / 'tiny.py'
    Config(tiny_config._cfg_dict).dump(path)
    by_path = MMBimodalInferencer(path, Path(checkpoint), 'cpu')
    assert scores(by_path(rows[0])).tolist() == scores(inferencer(rows[0])).tolist()
