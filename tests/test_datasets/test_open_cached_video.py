"""Frames that are decoded once."""

import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from mmaction.registry import TRANSFORMS

from mmbimodal.errors import InputError, UnreadableVideo


def write(path, shape=(80, 120), grey=0, frames=6):
    writer = cv2.VideoWriter(
        str(path), cv2.VideoWriter_fourcc(*'MJPG'), 12, shape[::-1]
    )
    for i in range(frames):
        writer.write(np.full((*shape, 3), grey + 20 * i, np.uint8))
    writer.release()
    return str(path)


@pytest.fixture
def video(tmp_path):
    return write(tmp_path / 'v.avi')


@pytest.fixture
def cache(tmp_path):
    return tmp_path / 'cache'


def decode(path, cache_dir=None, **options):
    kind = dict(type='OpenVideo')
    if cache_dir:
        kind = dict(type='OpenCachedVideo', cache_dir=str(cache_dir))
    opened = TRANSFORMS.build(dict(kind, **options))(dict(filename=path))
    opened['frame_inds'] = np.array([4, 0, 4])
    return TRANSFORMS.build(dict(type='DecodeVideo'))(opened)


@pytest.mark.parametrize('shape, short_side', [((80, 120), 80), ((160, 200), 80)])
def test_frames_are_those_of_the_decoder(shape, short_side, tmp_path, cache):
    path = write(tmp_path / 'v.avi', shape)
    plain = decode(path, short_side=short_side)
    for _ in range(2):
        cached = decode(path, cache, short_side=short_side)
        assert cached.keys() == plain.keys()
        for key in set(plain) - {'imgs', 'frame_inds'}:
            assert np.array_equal(cached[key], plain[key])
        np.testing.assert_array_equal(cached['imgs'], plain['imgs'])
        cached['imgs'][0][:] = 0  # no write reaches the cache
    assert len(list(cache.iterdir())) == 1


def test_a_video_is_decoded_once(video, cache, monkeypatch):
    decode(video, cache)
    monkeypatch.setattr('av.open', None)
    decode(video, cache)


def test_a_video_that_has_changed_is_decoded_anew(video, cache):
    before = decode(video, cache)['imgs'][1].mean()
    write(video, grey=100)
    # of the same size, and written within the clock's tick
    os.utime(video, ns=(1, 1))
    assert decode(video, cache)['imgs'][1].mean() > before + 80


def test_another_size_is_another_file(tmp_path, cache):
    path = write(tmp_path / 'v.avi', (160, 200))
    shapes = [decode(path, cache, short_side=x)['img_shape'] for x in (80, 74)]
    assert shapes == [(80, 100), (74, 92)]


def test_an_interrupted_write_leaves_nothing(video, cache, monkeypatch):
    def fail(*args):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(np, 'save', fail)
    with pytest.raises(InputError, match=r'cache .*No space left.*OpenVideo'):
        decode(video, cache)
    assert list(cache.iterdir()) == []


def test_a_video_that_was_cut_off_is_refused_as_ever(video, cache):
    Path(video).write_bytes(Path(video).read_bytes()[:-500])
    with pytest.raises(UnreadableVideo):
        decode(video, cache)
