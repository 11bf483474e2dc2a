"""Windows over long videos: on one clock, every frame decoded once."""

import json
import tracemalloc
from pathlib import Path

import cv2
import numpy as np
import pytest
from mmaction.registry import TRANSFORMS
from mmengine.config import Config

from mmbimodal.datasets import build_sample
from mmbimodal.datasets.shared_frames import SharedFrames
from mmbimodal.datasets.video_reader import VideoReader
from mmbimodal.datasets.windows import SlidingWindows
from mmbimodal.errors import InputError, UnreadableVideo

PIPELINES = Path(__file__).resolve().parents[2] / 'configs/_base_/pipelines'
STEPS = [
    dict(type='ForEachModality', transforms=[dict(type='OpenVideo')]),
    dict(
        type='SyncSample',
        transforms=[dict(type='UniformSample', clip_len=4, test_mode=True)],
    ),
    dict(type='ForEachModality', transforms=[dict(type='DecodeVideo')]),
]


@pytest.fixture
def transforms():
    return [TRANSFORMS.build(step) for step in STEPS]


@pytest.fixture
def files(tmp_path, write_numbered):
    """8 s of 25 frames a second, and 6 s of 10."""
    return dict(
        visible=str(write_numbered(tmp_path / 'a.mp4', np.arange(200) / 25)),
        thermal=str(write_numbered(tmp_path / 'b.mp4', np.arange(60) / 10)),
    )


@pytest.fixture
def decoded(monkeypatch):
    """Every frame that is turned into a picture: path and time stamp."""
    seen = []
    picture = VideoReader._picture

    def count(self, frame):
        seen.append((self.path, frame.pts))
        return picture(self, frame)

    monkeypatch.setattr(VideoReader, '_picture', count)
    return seen


def sample_of(files, **keys):
    return build_sample('s', files, [*files], **keys)


def run(transforms, sample):
    for transform in transforms:
        sample = transform(sample)
    return sample


@pytest.mark.parametrize('offsets', [{}, dict(thermal=0.6), dict(thermal=-0.6)])
@pytest.mark.parametrize('window, stride', [(2, 0.5), (1, 1.5), (2, 0.3)])
def test_windows_are_pieces_and_frames_are_decoded_once(
    transforms, files, decoded, offsets, window, stride
):
    sample = sample_of(files, offsets=offsets)
    with SlidingWindows(transforms, sample, window, stride) as windows:
        found = []
        for i in range(len(windows)):
            windows.drop(windows.starts[i])
            found.append(windows[i])
            for frames in windows._frames.values():
                assert len(frames.held) <= window * 25 + 1
        starts = windows.starts
    assert len(set(decoded)) == len(decoded) > 50
    for start, piece in zip(starts, found):
        cut = dict(sample, start=float(start), end=float(start) + window)
        for name, inner in run(transforms, cut)['modalities'].items():
            mine = piece['modalities'][name]
            assert mine['frame_inds'].tolist() == inner['frame_inds'].tolist()
            assert np.array_equal(mine['imgs'], inner['imgs'])


def test_starts_on_the_common_clock(transforms, files):
    """The second one is recorded from 0.6 s to 6.6 s, which 2 s and 4 × 0.6 s fill."""
    sample = sample_of(files, offsets=dict(thermal=0.6))
    with SlidingWindows(transforms, sample, 2, 0.6) as windows:
        assert windows.span == pytest.approx((0.6, 6.6))
        assert windows.starts == pytest.approx(0.6 + 0.6 * np.arange(7))
        assert windows.durations == pytest.approx(dict(visible=7.96, thermal=5.9))
        assert windows.step == pytest.approx(1 / 25) and len(windows.ticks) == 150
    with SlidingWindows(transforms, sample_of(files), 2, 0.6) as windows:
        assert windows.starts == pytest.approx(0.6 * np.arange(7))
    piece = sample_of(files, start=1.0, end=4.0)
    with SlidingWindows(transforms, piece, 1, 1) as windows:
        assert windows.starts.tolist() == [1, 2, 3]


def test_frames_shown_at_a_moment(transforms, files, numbers_of):
    sample = sample_of(files, offsets=dict(thermal=0.6))
    with SlidingWindows(transforms, sample, 2, 0.5) as windows:
        # 1.0 s is frame 25 of 25 a second, and 0.4 s after the other one's start
        pictures = windows.pictures(1.0)
        assert numbers_of(pictures.values()) == [25, 4]
        windows.drop(1.0)
        assert [x.first for x in windows._frames.values()] == [25, 4]
        with pytest.raises(IndexError, match='frame 22 is dropped'):
            windows.pictures(0.88)


def test_a_ring_of_frames(files, numbers_of, decoded):
    with VideoReader(files['visible']) as reader:
        frames = SharedFrames(reader)
        assert numbers_of(frames.read([3, 1, 3])) == [3, 1, 3]
        frames.read([3])[0][:] = 0  # a copy
        assert numbers_of(frames.read([3])) == [3] and len(frames.held) == 4
        frames.drop(3)
        assert len(frames.held) == 1
        frames.drop(90)
        assert not frames.held and numbers_of(frames.read([91])) == [91]
        assert len(decoded) == 6  # 0 to 3, 90 and 91


@pytest.mark.parametrize(
    'window, stride, message',
    [
        (6.1, 1, 'the window of 6.1 s is longer than the 6.00 s that the files have'),
        (2, 0, 'the stride is 0 s: give more than 0 seconds'),
        (2, -0.5, 'the stride is -0.5 s'),
        (0, 1, 'the window is 0 s'),
        (2, float('nan'), 'the stride is nan s'),
    ],
)
def test_times_of_no_use(transforms, files, window, stride, message):
    with pytest.raises(InputError, match=message):
        SlidingWindows(transforms, sample_of(files), window, stride)


def test_a_window_as_long_as_the_video(transforms, files):
    with SlidingWindows(transforms, sample_of(files), 6, 1) as windows:
        assert len(windows) == 1
        assert windows[0]['modalities']['thermal']['frame_inds'][-1] > 40


def test_other_mistakes(transforms, files):
    far = sample_of(files, offsets=dict(thermal=9.0))
    with pytest.raises(UnreadableVideo, match=r'no time in common .*b.mp4 from 9\.00'):
        SlidingWindows(transforms, far, 2, 1)
    with pytest.raises(InputError, match='has no SyncSample'):
        SlidingWindows(transforms[:1], sample_of(files), 2, 1)
    with (
        SlidingWindows(transforms, sample_of(files), 0.2, 1) as windows,
        pytest.raises(UnreadableVideo, match='2 frames, a clip takes 4.*more time'),
    ):
        windows[0]


def test_memory_does_not_grow_with_the_video(transforms, tmp_path, write_numbered):
    """Four times the video needs hardly more: frames of 64×96 take 18 kB each."""
    peaks = []
    for count in (60, 240):
        path = write_numbered(tmp_path / f'{count}.mp4', np.arange(count) / 25)
        sample = sample_of(dict(visible=str(path)))
        tracemalloc.start()
        with SlidingWindows(transforms, sample, 1, 0.5) as windows:
            for i in range(len(windows)):
                windows.drop(windows.starts[i])
                windows[i]
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert len(windows) == 18
    assert peaks[1] < peaks[0] + 300_000  # 180 frames would be 3.3 MB


def test_a_folder_of_images_takes_the_time_of_the_video(transforms, files, tmp_path):
    """Its numbers start at 1; 16 images over 8 s are one in 0.53 s."""
    for number in range(1, 17):
        picture = np.full((48, 64, 3), 10 * number, np.uint8)
        cv2.imwrite(str(tmp_path / f'img_{number:03}.png'), picture)
    sample = sample_of(dict(visible=files['visible'], thermal=str(tmp_path)))
    with SlidingWindows(transforms, sample, 4, 2) as windows:
        for start in windows.starts.tolist():
            windows.drop(start)
            piece = windows[round(start / 2)]
            cut = run(transforms, dict(sample, start=start, end=start + 4))
            for name, inner in cut['modalities'].items():
                assert np.array_equal(piece['modalities'][name]['imgs'], inner['imgs'])
        assert len(windows) == 3


def test_joints_beside_a_video(tracked_pairs):
    """A skeleton has no frames to decode, and is cut as the video is."""
    annotation = json.loads((tracked_pairs / 'annotations/xview_test.json').read_text())
    row = annotation['data_list'][0]
    names = ['rgb', 'skeleton']
    files = {name: str(tracked_pairs / row[name]) for name in names}
    steps = Config.fromfile(PIPELINES / 'rgb_skeleton_16.py').test_pipeline
    transforms = [TRANSFORMS.build(step) for step in steps]
    sample = build_sample('s', files, names, kinds=dict(skeleton='Pose'))
    with SlidingWindows(transforms, sample, 0.8, 0.2) as windows:
        piece = windows[2]['inputs']
        assert [*windows.pictures(0.5)] == ['rgb']
    cut = run(transforms, dict(sample, start=0.4, end=0.4 + 0.8))['inputs']
    assert all(np.array_equal(piece[name], cut[name]) for name in names)
