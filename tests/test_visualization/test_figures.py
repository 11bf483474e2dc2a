import json
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from mmbimodal.apis import init_recognizer, inspect_selection
from mmbimodal.errors import InputError
from mmbimodal.evaluation import confusion_counts, confusion_pair
from mmbimodal.structures import ModalitySelection, Selection
from mmbimodal.visualization import (
    confusion_figure,
    confusion_pair_figure,
    read_scalars,
    save_png,
    selection_figure,
    table_figure,
    training_curves,
)
from mmbimodal.visualization.palette import marker_styles


def write_run(work_dir, start, records):
    path = work_dir / start / 'vis_data/scalars.json'
    path.parent.mkdir(parents=True)
    path.write_text(
        '\n'.join(x if isinstance(x, str) else json.dumps(x) for x in records)
    )


def train_record(step, loss, per_epoch=10):
    return dict(
        loss=loss,
        loss_cls=loss / 2,
        top1_acc=0.5,
        step=step,
        iter=step,
        epoch=(step - 1) // per_epoch + 1,
    )


def val_record(epoch, top1):
    return {'acc/top1': top1, 'acc/top5': 0.9, 'step': epoch}


@pytest.fixture
def work_dir(tmp_path):
    """A training that was killed in epoch 3, and resumed after epoch 2."""
    write_run(
        tmp_path,
        '20260101_000000',
        [
            train_record(5, 4.0),
            train_record(10, 3.0),
            val_record(1, 0.1),
            train_record(15, 2.5),
            train_record(20, 2.0),
            val_record(2, 0.3),
            train_record(25, 9.0),
            '{"loss": 8.0, "st',
        ],
    )
    write_run(
        tmp_path,
        '20260102_000000',
        [train_record(25, 1.5), train_record(30, 1.0), val_record(3, 0.2)],
    )
    write_run(tmp_path, '20260103_000000', [val_record(0, 0.7)])  # a test
    return tmp_path


def test_resumed_runs_become_one(work_dir):
    scalars = read_scalars(work_dir)
    assert [x['step'] for x in scalars.train] == [5, 10, 15, 20, 25, 30]
    assert [x['loss'] for x in scalars.train] == [4, 3, 2.5, 2, 1.5, 1]
    assert [x['acc/top1'] for x in scalars.val] == [0.1, 0.3, 0.2]


def test_run_that_starts_again_replaces(work_dir):
    write_run(work_dir, '20260104_000000', [train_record(5, 7.0), val_record(1, 0.4)])
    scalars = read_scalars(work_dir)
    assert [x['loss'] for x in scalars.train] == [7.0]
    assert [x['acc/top1'] for x in scalars.val] == [0.4]


def test_curves(work_dir, tmp_path, check_png, check_texts):
    figure = training_curves(read_scalars(work_dir))
    losses, accuracies = figure.axes
    lines = {x.get_label(): x for x in losses.lines + accuracies.lines}
    assert np.allclose(lines['loss'].get_xdata(), [0.5, 1, 1.5, 2, 2.5, 3])
    assert lines['loss_cls'].get_ydata().tolist() == [2, 1.5, 1.25, 1, 0.75, 0.5]
    assert lines['validation acc/top1'].get_xdata().tolist() == [1, 2, 3]
    means = lines['training top1_acc (mean of the logged batches)']
    assert means.get_ydata().tolist() == [0.5] * 3
    assert 'best top-1 30.0% after epoch 2' in check_texts(figure)
    save_png(figure, tmp_path / 'new folder/curves.png')
    check_png(tmp_path / 'new folder/curves.png')


def test_curves_without_validation(tmp_path, check_texts):
    write_run(tmp_path, '20260101_000000', [train_record(5, 4.0)])
    check_texts(training_curves(read_scalars(tmp_path)))


def test_no_log(tmp_path):
    with pytest.raises(InputError, match='the work_dir of a training'):
        read_scalars(tmp_path)


CLASSES = ['walk', 'wave with both arms', 'hug']


@pytest.fixture
def write_predictions(tmp_path):

    def write(name, guesses, labels=(0, 0, 0, 0, 1), classes=CLASSES):
        path = tmp_path / name
        path.write_text(
            json.dumps(
                dict(
                    classes=classes,
                    predictions=[
                        dict(
                            sample_id=f's{i}',
                            label=label,
                            scores=np.eye(len(classes))[guess].tolist(),
                        )
                        for i, (label, guess) in enumerate(zip(labels, guesses))
                    ],
                )
            )
        )
        return str(path)

    return write


@pytest.fixture
def predictions(write_predictions):
    return write_predictions('predictions.json', [0, 0, 1, 2, 1])


def test_confusion(predictions, tmp_path, check_png, check_texts):
    counts, classes = confusion_counts(predictions)
    assert counts.tolist() == [[2, 1, 1], [0, 1, 0], [0, 0, 0]]
    figure = confusion_figure(counts, classes)
    shares = figure.axes[0].images[0].get_array()
    assert shares.tolist() == [[0.5, 0.25, 0.25], [0, 1, 0], [0, 0, 0]]
    texts = check_texts(figure)
    assert '3 of 5 right: top-1 60.0%' in texts
    assert 'wave with both arms' in texts and 'walk (4)' in texts
    save_png(figure, tmp_path / 'confusion.png')
    check_png(tmp_path / 'confusion.png')


def test_confusion_of_many_classes(tmp_path, check_png, check_texts):
    counts = np.random.default_rng(0).integers(0, 9, (60, 60))
    names = [f'a rather long name of an action {i}' for i in range(60)]
    figure = confusion_figure(counts + 200 * np.eye(60, dtype=int), names)
    check_texts(figure)
    save_png(figure, tmp_path / 'confusion.png')
    check_png(tmp_path / 'confusion.png')


def test_two_confusions(
    predictions, write_predictions, tmp_path, check_png, check_texts
):
    better = write_predictions('better.json', [0, 0, 0, 1, 2])
    first, second, classes = confusion_pair(predictions, better)
    assert first.tolist() == [[2, 1, 1], [0, 1, 0], [0, 0, 0]]
    assert second.tolist() == [[3, 1, 0], [0, 0, 1], [0, 0, 0]]
    figure = confusion_pair_figure(first, second, classes, ['sum', 'STAF'])
    bars = figure.axes[2].patches
    # 3/4 - 2/4, 0/1 - 1/1, and a class without samples
    assert [bar.get_width() for bar in bars] == [25, -100, 0]
    assert bars[0].get_facecolor() != bars[1].get_facecolor()
    # the rows of bars are the rows of the matrices, downwards
    assert [bar.get_y() + bar.get_height() / 2 for bar in bars] == [0, 1, 2]
    assert figure.axes[2].get_ylim() == figure.axes[0].get_ylim()
    texts = check_texts(figure)
    assert {'+25', '-100', '0', 'walk (4)'} <= set(texts)
    assert 'accuracy per class: STAF − sum' in texts
    assert 'STAF\n3 of 5 right: top-1 60.0%' in texts
    save_png(figure, tmp_path / 'pair.png')
    check_png(tmp_path / 'pair.png')


def test_two_confusions_of_many_classes(tmp_path, check_png, check_texts):
    counts = np.random.default_rng(0).integers(1, 9, (2, 60, 60))
    names = [f'a rather long name of an action {i}' for i in range(60)]
    models = ['average of the scores', 'TimeSformer, features added']
    figure = confusion_pair_figure(*counts, names, models)
    check_texts(figure)
    check_texts(confusion_pair_figure(*counts[:, :2, :2], names[:2], models))
    save_png(figure, tmp_path / 'pair.png')
    check_png(tmp_path / 'pair.png')


@pytest.mark.parametrize(
    'other, message',
    [
        (
            dict(classes=['walk', 'jog', 'hug']),
            r'different classes \(jog, wave with both arms\): compare',
        ),
        (dict(classes=CLASSES[::-1]), r'different classes \(in another order\)'),
        (dict(labels=(0, 0, 0, 1, 1)), r'1 samples or their labels \(s3 is one'),
        (dict(labels=(0, 0, 0, 0)), r'1 samples or their labels \(s4 is one'),
    ],
)
def test_two_tests_that_cannot_be_compared(
    predictions, write_predictions, other, message
):
    second = write_predictions('other.json', [0, 0, 1, 2, 1], **other)
    with pytest.raises(InputError, match=f'predictions.json.*{message}'):
        confusion_pair(predictions, second)


@pytest.mark.parametrize('content', [None, '{', '[]', '{"predictions": []}'])
def test_no_predictions(tmp_path, content):
    path = tmp_path / 'p.json'
    if content is not None:
        path.write_text(content)
    with pytest.raises(InputError, match='not a file of predictions.*Save'):
        confusion_counts(str(path))


def test_selection(config, checkpoint, tmp_path, check_png, check_texts):
    model = init_recognizer(config, checkpoint)
    selection = inspect_selection(model, config, 's1')
    figure = selection_figure(selection)
    texts = check_texts(figure)
    assert any(x.startswith('s1    predicted: ') for x in texts)
    assert texts.count('frame 18') == 2
    assert 'key frame: 10 of 16 regions kept' in texts
    outlined = [ax for ax in figure.axes if ax.spines['left'].get_visible()]
    assert len(figure.axes) == 16 and len(outlined) == 8
    # a dropped region is veiled, a kept one is not
    part = selection.modalities['rgb']
    for ax, marks in zip(figure.axes, part.marks):
        opacity = ax.images[1].get_array()[..., 3]
        assert np.array_equal(opacity == 0, marks)
    save_png(figure, tmp_path / 's1.png')
    check_png(tmp_path / 's1.png')


def test_selection_of_noise_at_full_size_stays_small(tmp_path, check_png, check_texts):
    rng = np.random.default_rng(0)
    marks = np.zeros((8, 14, 14), bool)
    marks[:4, :7] = True
    part = SimpleNamespace(
        frames=rng.integers(0, 256, (8, 224, 224, 3), np.uint8),
        marks=marks,
        frame_inds=np.arange(8) * 100,
        scores=np.linspace(1, 0, 8),
        levels=np.array(['key'] * 4 + ['background'] * 4),
    )
    figure = selection_figure(
        SimpleNamespace(
            sample_id='S001C001P001R001A001',
            classes=['take off a hat or cap'],
            class_scores=np.ones(1),
            label=0,
            modalities=dict(depth=part, thermal=part),
        )
    )
    check_texts(figure)
    save_png(figure, tmp_path / 'noise.png')
    check_png(tmp_path / 'noise.png')


def test_importing_does_not_import_pyplot():
    code = (
        'import sys, mmbimodal.visualization; '
        'sys.exit("matplotlib.pyplot" in sys.modules)'
    )
    assert subprocess.run([sys.executable, '-c', code]).returncode == 0


def test_ten_methods_have_ten_colours_and_markers():
    styles = marker_styles(144)
    for key in ('color', 'marker'):
        assert len({style[key] for style in styles[:12]}) == 12
    assert len({tuple(style.values()) for style in styles}) == 144


@pytest.mark.parametrize('level, noted', [('key', True), ('background', False)])
def test_a_black_frame_that_is_selected_has_a_note(level, noted, check_texts):
    frames = np.full((2, 32, 32, 3), 90, np.uint8)
    frames[1] = 3
    part = ModalitySelection(
        frames,
        frame_inds=np.arange(2),
        scores=np.linspace(0, 1, 2),
        levels=np.array(['key', level]),
        marks=np.array([np.eye(2), np.eye(2) * noted], bool),
        crop=np.array([0, 0, 1, 1]),
    )
    picture = Selection('s', ['walk'], np.ones(1), 0, dict(a=part))
    texts = check_texts(selection_figure(picture))
    assert any(x.startswith('black frame selected') for x in texts) == noted
    assert 'key frame: 2 of 4 regions kept' in texts


@pytest.mark.parametrize('axis', [None, 'λ'])
def test_a_table_names_what_it_draws(axis, check_texts):
    rows = {'0.1': [60.0, 64.0], '0.5': [50.0], '1': []}
    figure = table_figure(rows, 'Title', 'top-1 in %', chance=8.33, axis=axis)
    texts = check_texts(figure)
    assert {'Title', 'one seed', 'chance, 8.3'} <= set(texts)
    assert any('standard deviation' in x for x in texts)
    limits = figure.axes[0].get_ylim() if axis else figure.axes[0].get_xlim()
    assert limits[0] == 0 and limits[1] > 64
