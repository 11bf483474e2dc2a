"""The same moments of every modality, in seconds."""

import random

import numpy as np
import pytest
from mmaction.registry import TRANSFORMS
from mmengine.dataset import Compose

from mmbimodal.datasets import build_sample
from mmbimodal.errors import InputError, UnreadableVideo

UNIFORM = dict(type='UniformSample', clip_len=8)
CENTRES = dict(type='UniformSample', clip_len=8, test_mode=True)


def sample_times(clocks, sampler=CENTRES, **keys):
    """Times on the common clock of the frames that each modality gets.

    ``clocks``: name → times of its frames on its own clock, in seconds.
    """
    sample = build_sample('s', dict.fromkeys(clocks, 'x.avi'), clocks, **keys)
    for name, times in clocks.items():
        sample['modalities'][name].update(timestamps=times, total_frames=len(times))
    out = TRANSFORMS.build(dict(type='SyncSample', transforms=[sampler]))(sample)
    return {
        name: clocks[name][inner['frame_inds']] + inner.get('time_offset', 0)
        for name, inner in out['modalities'].items()
    }


def even(count, fps):
    return np.arange(count) / fps


HALVED = np.concatenate([even(50, 25), 2 + even(25, 12.5)])
PAUSED = np.delete(even(100, 25), range(40, 52))


@pytest.mark.parametrize('number', range(4))
@pytest.mark.parametrize(
    'thermal, largest',
    [
        (HALVED, 0.04),  # half a frame of each: 0.02 + 0.04, on a grid of 0.04
        (PAUSED, 0.26),  # nothing was recorded for 0.52 s
        (even(40, 10), 0.07),
        (even(120, 30), 0.037),
        (even(36, 9) + 0.01, 0.08),
    ],
    ids=['halved', 'paused', '10 fps', '30 fps', '9 fps'],
)
@pytest.mark.parametrize('sampler', [UNIFORM, CENTRES], ids=['random', 'centres'])
def test_uneven_clocks_show_the_same_moments(sampler, thermal, largest, number):
    random.seed(number)
    np.random.seed(number)
    times = sample_times(dict(visible=even(100, 25), thermal=thermal), sampler)
    assert np.abs(times['visible'] - times['thermal']).max() <= largest + 1e-9
    # from all of the clip, in order
    assert times['visible'][0] < 0.6 and times['visible'][-1] > 3.3
    assert (np.diff(times['visible']) > 0).all()


def test_segments_are_of_equal_time_and_not_of_equal_frames():
    times = sample_times(dict(visible=HALVED))['visible']
    assert np.abs(np.diff(times) - 0.5).max() <= 0.08


def test_the_rate_of_constant_videos_is_their_mean():
    """Milliseconds, as MKV holds them, must not shift the frames."""
    exact = even(300, 30)
    frames = sample_times(dict(visible=exact))['visible']
    rounded = sample_times(dict(visible=exact.round(3)))['visible']
    assert rounded == pytest.approx(frames, abs=1e-3)


@pytest.mark.parametrize('offset', [0.6, -0.6])
def test_a_sensor_that_started_later(offset):
    clocks = dict(visible=even(100, 25), thermal=even(100, 25))
    times = sample_times(clocks, offsets=dict(thermal=offset))
    assert np.abs(times['visible'] - times['thermal']).max() <= 0.02 + 1e-9
    # only what both have seen
    assert times['visible'].min() >= max(0, offset)
    assert times['visible'].max() <= 3.96 + min(0, offset)


def test_a_piece_of_a_long_video():
    clocks = dict(visible=even(2500, 25), thermal=even(900, 9))
    times = sample_times(clocks, start=40.0, end=44.0)
    for seen in times.values():
        assert seen.min() >= 40 - 0.06 and seen.max() < 44 + 0.06
    assert times['visible'] == pytest.approx(40.24 + 0.5 * np.arange(8), abs=0.041)


@pytest.mark.parametrize(
    'keys', [dict(offsets=dict(thermal=4.0)), dict(start=5.0), dict(start=2.0, end=2.0)]
)
def test_no_time_in_common_is_named(keys):
    clocks = dict(visible=even(100, 25), thermal=even(100, 25))
    with pytest.raises(UnreadableVideo, match=r'no time in common.*x\.avi'):
        sample_times(clocks, **keys)


def test_too_short_a_piece_is_named():
    clocks = dict(visible=even(100, 25), thermal=even(100, 25))
    with pytest.raises(UnreadableVideo, match='x.avi has 5 frames, a clip takes 8'):
        sample_times(clocks, start=1.0, end=1.2)


def raw_sample(totals, **keys):
    """Modalities without a clock, such as folders of images."""
    sample = build_sample('s', dict.fromkeys(totals, 'x'), totals, **keys)
    for name, total in totals.items():
        sample['modalities'][name].update(total_frames=total)
    return sample


@pytest.mark.parametrize(
    'keys', [dict(offsets=dict(thermal=1.0)), dict(start=1.0), dict(end=1.0)]
)
def test_seconds_mean_nothing_without_a_clock(keys):
    transform = TRANSFORMS.build(dict(type='SyncSample', transforms=[CENTRES]))
    with pytest.raises(InputError, match='x has no clock'):
        transform(raw_sample(dict(visible=40, thermal=40), **keys))


def test_frames_without_a_clock_are_spread_over_the_time_of_the_others():
    sample = raw_sample(dict(visible=100, thermal=50))
    sample['modalities']['visible'].update(timestamps=even(100, 25))
    out = TRANSFORMS.build(dict(type='SyncSample', transforms=[CENTRES]))(sample)
    visible, thermal = (x['frame_inds'] for x in out['modalities'].values())
    assert np.abs(visible / 99 - thermal / 49).max() <= 0.5 / 49 + 1e-9


def test_a_picture_lasts_as_long_as_the_others():
    """One background picture beside a video."""
    sample = raw_sample(dict(visible=40, background=1))
    sample['modalities']['visible'].update(timestamps=even(40, 25))
    frames = dict(type='SampleFrames', clip_len=1, num_clips=8, test_mode=True)
    out = TRANSFORMS.build(dict(type='SyncSample', transforms=[frames]))(sample)
    visible, background = (x['frame_inds'] for x in out['modalities'].values())
    assert visible[-1] > 30 and not background.any()


def test_what_the_modality_said_of_itself_is_kept():
    sample = raw_sample(dict(visible=40, thermal=20))
    sample['modalities']['visible'].update(avg_fps=25.0, start_index=1)
    out = TRANSFORMS.build(dict(type='SyncSample', transforms=[CENTRES]))(sample)
    visible, thermal = out['modalities'].values()
    assert (visible['total_frames'], visible['avg_fps']) == (40, 25.0)
    assert thermal['total_frames'] == 20 and 'avg_fps' not in thermal
    assert visible['frame_inds'].min() >= 1 and visible['frame_inds'].max() <= 40


def test_files_whose_rates_change(tmp_path, write_numbered, numbers_of):
    """Decoded frames of a phone's video and of a thermal camera that pauses."""
    files = dict(
        visible=str(write_numbered(tmp_path / 'v.mp4', HALVED)),
        thermal=str(write_numbered(tmp_path / 't.mkv', PAUSED)),
    )
    out = Compose(
        [
            dict(type='ForEachModality', transforms=[dict(type='OpenVideo')]),
            dict(type='SyncSample', transforms=[CENTRES]),
            dict(type='ForEachModality', transforms=[dict(type='DecodeVideo')]),
        ]
    )(build_sample('s', files, files))['modalities']
    visible = HALVED[numbers_of(out['visible']['imgs'])]
    thermal = PAUSED[numbers_of(out['thermal']['imgs'])]
    assert np.abs(visible - thermal).max() <= 0.26 + 1e-9
    assert np.median(np.abs(visible - thermal)) <= 0.04
