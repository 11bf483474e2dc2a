"""Frames that are small at once give the same sample as full ones."""

import random

import cv2
import numpy as np
import pytest
from mmengine.dataset import Compose

from mmbimodal.datasets import build_sample

LARGE, SMALL = (288, 432), (76, 116)


def write(path, shape, frames=24):
    """Smooth pictures; every place and time has its own colour."""
    y, x = np.mgrid[0 : 1 : shape[0] * 1j, 0 : 1 : shape[1] * 1j]
    writer = cv2.VideoWriter(
        str(path), cv2.VideoWriter_fourcc(*'MJPG'), 10, shape[::-1]
    )
    for i in range(frames):
        picture = np.stack([255 * x, 255 * y, 127 * (x + i / frames)], -1)
        writer.write(picture.astype(np.uint8))
    writer.release()
    return str(path)


@pytest.fixture(scope='module')
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp('pair')
    return dict(
        visible=write(folder / 'v.avi', LARGE), thermal=write(folder / 't.avi', SMALL)
    )


def load(files, number, short_side=80):
    """The training pipeline up to the crop."""
    random.seed(number)
    np.random.seed(number)
    opener = dict(type='OpenVideo', short_side=short_side)
    crop = [dict(type='RandomCrop', size=64), dict(type='Flip', flip_ratio=0.5)]
    uniform = dict(type='UniformSample', clip_len=8)
    pipeline = Compose(
        [
            dict(type='ForEachModality', transforms=[opener]),
            dict(type='SyncSample', transforms=[uniform]),
            dict(type='ForEachModality', transforms=[dict(type='DecodeVideo')]),
            dict(type='SyncResize', short_side=(66, 80)),
            dict(type='ForEachModality', shared=True, transforms=crop),
        ]
    )
    return pipeline(build_sample('s', files, files))['modalities']


@pytest.mark.parametrize('number', range(6))
def test_a_pair_stays_aligned(files, number):
    visible, thermal = load(files, number).values()
    assert visible['original_shape'] == LARGE
    assert thermal['original_shape'] == SMALL
    assert np.array_equal(visible['frame_inds'], thermal['frame_inds'])
    difference = np.abs(np.subtract(visible['imgs'], thermal['imgs'], dtype=int))
    assert difference.shape == (8, 64, 64, 3)
    # one pixel is 4 grey levels here
    assert difference.mean() < 2


@pytest.mark.parametrize('number', range(3))
def test_the_sample_is_the_same_without_scaling(files, number):
    for ours, theirs in zip(
        load(files, number).values(), load(files, number, None).values()
    ):
        for key in ('frame_inds', 'img_shape', 'original_shape', 'flip'):
            assert np.array_equal(ours[key], theirs[key])
        # relative; the aspect ratio is rounded twice
        assert np.allclose(
            ours['crop_quadruple'], theirs['crop_quadruple'], rtol=0, atol=0.02
        )
        assert np.abs(np.subtract(ours['imgs'], theirs['imgs'], dtype=int)).mean() < 2


def test_a_decoded_sample_holds_no_open_file(files):
    for inner in load(files, 0).values():
        assert 'video_reader' not in inner
