"""What a model says of a long pair, window by window."""

import csv
import json

import av
import cv2
import numpy as np
import pytest
import torch
from mmaction.registry import MODELS

from mmbimodal.apis import MMBimodalInferencer, parse_seconds
from mmbimodal.datasets import open_frames
from mmbimodal.datasets.video_reader import VideoReader
from mmbimodal.errors import InputError
from mmbimodal.structures import Segment, Timeline, windows_of_cell

CLASSES = [f'class {i}' for i in range(12)]


@pytest.fixture
def inferencer(tiny_config, tmp_path):
    torch.manual_seed(0)
    model = MODELS.build(tiny_config.model)
    model.init_weights()
    with torch.no_grad():  # predictions that differ between windows
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    meta = dict(dataset_meta=dict(classes=CLASSES))
    torch.save(dict(state_dict=model.state_dict(), meta=meta), tmp_path / 'tiny.pth')
    return MMBimodalInferencer(tiny_config, tmp_path / 'tiny.pth', device='cpu')


@pytest.fixture(scope='module')
def long_pair(pairs, tmp_path_factory):
    """5 s of clips side by side, at 20 and at 10 frames a second."""
    folder = tmp_path_factory.mktemp('long')
    rows = json.loads((pairs / 'annotations/xview_test.json').read_text())
    files = {}
    for name, fps in dict(rgb=20, ir=10).items():
        files[name] = str(folder / f'{name}.avi')
        frames = []
        for row in rows['data_list'][:4]:
            with open_frames(str(pairs / row[name])) as reader:
                frames += reader.read(range(0, len(reader), 20 // fps))
        height, width = frames[0].shape[:2]
        writer = cv2.VideoWriter(
            files[name], cv2.VideoWriter_fourcc(*'MJPG'), fps, (width, height)
        )
        for frame in frames[: 5 * fps]:
            writer.write(frame[..., ::-1])
        writer.release()
        assert len(frames) >= 5 * fps
    return files


@pytest.mark.parametrize(
    'offsets, batch_size', [({}, 1), (dict(ir=0.12), 4), (dict(ir=-0.3), 3)]
)
def test_windows_equal_pieces(inferencer, long_pair, offsets, batch_size, monkeypatch):
    decoded = []
    picture = VideoReader._picture

    def count(self, frame):
        decoded.append((self.path, frame.pts))
        return picture(self, frame)

    pair = dict(long_pair, offsets=offsets)
    with monkeypatch.context() as patch:
        patch.setattr(VideoReader, '_picture', count)
        found = inferencer.timeline(pair, 1.2, 0.4, batch_size)
    assert len(decoded) == len(set(decoded)) >= 120
    start = max(offsets.get('ir', 0), 0)
    span = (start, min(5, 5 + offsets.get('ir', 0)))
    assert found.span == pytest.approx(span)
    assert found.starts == pytest.approx(np.arange(start, span[1] - 1.19, 0.4))
    pieces = [dict(pair, start=float(s), end=float(s) + 1.2) for s in found.starts]
    expected = [x['scores'] for x in inferencer(pieces)['predictions']]
    np.testing.assert_allclose(found.scores, expected, atol=1e-5)
    assert np.ptp(found.scores, axis=0).max() > 1e-3


def test_what_is_written(inferencer, long_pair, tmp_path):
    found = inferencer.timeline(
        long_pair,
        '1.2s',
        '400ms',
        out_dir=tmp_path / 'out',
        out_file=tmp_path / 'x.csv',
    )
    saved = json.loads((tmp_path / 'out/timeline.json').read_text())
    assert saved['classes'] == CLASSES and saved['span'] == pytest.approx([0, 5])
    assert [x['scores'] for x in saved['windows']] == found.scores.tolist()
    assert [x['end'] - x['start'] for x in saved['windows']] == pytest.approx(
        [1.2] * 10
    )
    assert [Segment(**x) for x in saved['segments']] == found.segments
    # readable times: sums of 0.4 without rounding have 17 digits
    times = {x[k] for x in saved['windows'] for k in ('start', 'end')}
    assert sorted(times) == [round(0.4 * i, 1) for i in range(13)]
    with open(tmp_path / 'x.csv', newline='') as file:
        rows = list(csv.DictReader(file))
    copy = (tmp_path / 'x.csv').read_text()
    assert (tmp_path / 'out/timeline.csv').read_text() == copy
    assert [float(x['start']) for x in rows] == found.starts.tolist()
    best = found.scores.argmax(axis=1)
    assert [x['pred_class'] for x in rows] == [CLASSES[k] for k in best]
    assert [float(rows[3][name]) for name in CLASSES] == found.scores[3].tolist()
    with open(tmp_path / 'out/segments.csv', newline='') as file:
        segments = list(csv.DictReader(file))
    assert [x['class_name'] for x in segments] == [x.class_name for x in found.segments]
    assert cv2.imread(str(tmp_path / 'out/timeline.png')).std() > 10
    with av.open(str(tmp_path / 'out/timeline.mp4')) as container:
        assert container.streams.video[0].average_rate == 20
        assert sum(1 for _ in container.decode(video=0)) == 100  # 5 s at 20 a second


def test_one_modality_and_the_default_stride(inferencer, long_pair, tmp_path):
    found = inferencer.timeline(dict(ir=long_pair['ir']), 2, out_dir=tmp_path)
    assert found.stride == 0.5 and len(found.scores) == 7
    with av.open(str(tmp_path / 'timeline.mp4')) as container:
        assert sum(1 for _ in container.decode(video=0)) == 50


def test_a_film_keeps_up_with_large_strides(inferencer, long_pair, tmp_path):
    found = inferencer.timeline(long_pair, 1, 1.7, out_dir=tmp_path)
    assert len(found.scores) == 3
    assert found.edges == pytest.approx([0, 1.7, 3.4, 5])
    with av.open(str(tmp_path / 'timeline.mp4')) as container:
        assert sum(1 for _ in container.decode(video=0)) == 100


def test_no_warning_of_lengths_that_are_alike(inferencer, long_pair, recwarn):
    inferencer.timeline(long_pair, 2, 1)
    assert not [x for x in recwarn if 'lengths' in str(x.message)]


def test_the_warning_of_lengths_comes_once(inferencer, long_pair, tmp_path):
    writer = cv2.VideoWriter(
        str(tmp_path / 'short.avi'), cv2.VideoWriter_fourcc(*'MJPG'), 10, (64, 64)
    )
    for _ in range(35):
        writer.write(np.zeros((64, 64, 3), np.uint8))
    writer.release()
    pair = dict(long_pair, ir=tmp_path / 'short.avi')
    with pytest.warns(UserWarning) as caught:
        inferencer.timeline(pair, 1, 0.5)
    (message,) = [str(x.message) for x in caught if 'lengths' in str(x.message)]
    assert 'differ by more than 20% (rgb 5.0 s, ir 3.4 s)' in message


def timeline(scores, window, stride, span):
    return Timeline('s', ['walk', 'run'], window, stride, span, np.array(scores))


def test_segments_by_hand():
    """Windows of 2 s each second over 5.5 s; one in the middle is wrong."""
    scores = [(0.9, 0.1), (0.8, 0.2), (0.4, 0.6), (0.1, 0.9)]
    found = timeline(scores, 2.0, 1.0, (0.5, 6.0))
    assert found.starts.tolist() == [0.5, 1.5, 2.5, 3.5]
    assert found.edges.tolist() == [0.5, 1.5, 2.5, 3.5, 4.5, 5.5, 6.0]
    # windows 0, 0 1, 1 2, 2 3, 3, and 3 again, where none reaches
    assert found.smoothed[:, 0] == pytest.approx([0.9, 0.85, 0.6, 0.25, 0.1, 0.1])
    walk, run = found.segments
    assert walk[:4] == (0.5, 3.5, 0, 'walk')
    assert walk.score == pytest.approx((0.9 + 0.85 + 0.6) / 3)
    assert run[:4] == (3.5, 6.0, 1, 'run')
    assert run.score == pytest.approx((0.75 + 0.9 + 0.9 / 2) / 2.5)


def test_one_window_that_differs_is_smoothed_away():
    scores = [(0.9, 0.1)] * 4 + [(0.3, 0.7)] + [(0.9, 0.1)] * 4
    assert len(timeline(scores, 2.0, 0.5, (0, 6)).segments) == 1
    # without overlap every window has the say
    assert len(timeline(scores, 0.5, 0.5, (0, 4.5)).segments) == 3


@pytest.mark.parametrize(
    'cell, window, stride, expected',
    [
        (0, 2, 0.5, [0]),
        (5, 2, 0.5, [2, 3, 4, 5]),
        (5, 0.6, 0.2, [3, 4, 5]),
        (12, 2, 0.5, [9]),  # after the last one of ten
        (3, 1.5, 1, [3]),  # window 2 ends where the middle is
        (3, 1.6, 1, [2, 3]),
        (4, 1, 3, [4]),  # no window contains the middle
        (30, 2, 0.5, [9]),
    ],
)
def test_windows_of_a_cell(cell, window, stride, expected):
    """Start j·stride ≤ middle < end, in exact numbers."""
    assert [*range(10)[windows_of_cell(cell, 10, window, stride)]] == expected


@pytest.mark.parametrize(
    'text, seconds',
    [('2s', 2), ('0.5', 0.5), (3, 3), ('+0.12s', 0.12), ('-120 ms', -0.12)]
    + [('1.5min', 90), ('1e-3', 0.001)],
)
def test_times_with_units(text, seconds):
    assert parse_seconds(text, 'window') == pytest.approx(seconds)


@pytest.mark.parametrize('text', ['2 frames', 's', '', '1.2.3s', 'nan', '1e999', '2 h'])
def test_times_that_are_none(text):
    with pytest.raises(InputError, match='the window .* is no length of time: give'):
        parse_seconds(text, 'window')


@pytest.mark.parametrize(
    'changes, times, message',
    [
        ({}, (5.1, 1), 'the window of 5.1 s is longer than the 5.00 s'),
        ({}, ('2 lightyears', 1), "the window '2 lightyears' is no length of time"),
        ({}, (1, 0), 'the stride is 0 s'),
        (dict(offsets=dict(depth=1)), (1, 1), 'offset of depth, the model knows rgb'),
        (dict(offsets=dict(ir=7)), (1, 1), 'no time in common'),
        ({}, (1, 1, 0), 'batch_size=0'),
    ],
)
def test_mistakes(inferencer, long_pair, changes, times, message):
    with pytest.raises(InputError, match=message):
        inferencer.timeline(dict(long_pair, **changes), *times)


def test_a_timeline_is_of_one_sample(inferencer, long_pair):
    with pytest.raises(InputError, match='of one sample'):
        inferencer.timeline([long_pair, long_pair], 1)


def test_nothing_is_left_of_a_film_that_fails(inferencer, long_pair, tmp_path):
    with torch.no_grad():
        inferencer.model.cls_head.fc_cls.bias[0] = torch.nan
    with pytest.raises(InputError, match='NaN'):
        inferencer.timeline(long_pair, 1, out_dir=tmp_path / 'out')
    assert [*(tmp_path / 'out').iterdir()] == []
