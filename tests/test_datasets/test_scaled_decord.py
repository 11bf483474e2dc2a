import random
import struct
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from mmaction.registry import DATASETS, TRANSFORMS
from mmengine.dataset import Compose

from mmbimodal.datasets import build_sample
from mmbimodal.datasets.container import HEAD, avi_shape, is_cut_off
from mmbimodal.errors import UnreadableVideo

CONFIG = Path(__file__).resolve().parents[2] / 'configs' / 'staf_synth.py'
LARGE, SMALL = (288, 432), (76, 116)


def picture(height, width, time):
    """Smooth, every place and time of its own colour."""
    y, x = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    return np.stack([255 * x, 255 * y, 127 * (x + time)], -1).astype(np.uint8)


def write(path, shape, fourcc='MJPG', frames=24):
    writer = cv2.VideoWriter(
        str(path), cv2.VideoWriter_fourcc(*fourcc), 10, shape[::-1]
    )
    for i in range(frames):
        writer.write(picture(*shape, i / frames))
    writer.release()
    return str(path)


def decode(path, scaled=True, **kwargs):
    prefix = 'ScaledDecord' if scaled else 'Decord'
    results = TRANSFORMS.build(dict(type=f'{prefix}Init', **kwargs))(
        dict(filename=path)
    )
    assert results['total_frames'] == 24
    results['frame_inds'] = np.array([2, 3, 13, 3])
    return TRANSFORMS.build(dict(type=f'{prefix}Decode'))(results)


@pytest.fixture(scope='module', params=['MJPG', 'XVID'])
def video(request, tmp_path_factory):
    return write(tmp_path_factory.mktemp('large') / 'v.avi', LARGE, request.param)


@pytest.mark.parametrize(
    'short_side, shape',
    [(144, (144, 216)), (100, (100, 150)), (73, (73, 110)), (8, (73, 110))],
)
def test_frames_are_those_of_decord_made_smaller(video, short_side, shape):
    small, full = decode(video, short_side=short_side), decode(video, False)
    assert small['img_shape'] == shape and small['original_shape'] == LARGE
    assert small['video_reader'] is None
    for ours, theirs in zip(small['imgs'], full['imgs']):
        area = cv2.resize(theirs, shape[::-1], interpolation=cv2.INTER_AREA)
        assert ours.shape == area.shape
        assert np.abs(ours.astype(int) - area).max() <= 8


@pytest.mark.parametrize('short_side', [None, 145, 288, 1000])
def test_nothing_to_gain_gives_the_very_frames_of_decord(video, short_side):
    ours, theirs = decode(video, short_side=short_side), decode(video, False)
    for key in ('img_shape', 'original_shape', 'total_frames', 'avg_fps'):
        assert ours[key] == theirs[key]
    assert np.array_equal(ours['imgs'], theirs['imgs'])


def test_other_containers_keep_their_size(tmp_path):
    path = write(tmp_path / 'v.mp4', LARGE, 'mp4v')
    ours, theirs = decode(path, short_side=96), decode(path, False)
    assert ours['original_shape'] == ours['img_shape'] == LARGE
    assert np.array_equal(ours['imgs'], theirs['imgs'])


def test_portrait_keeps_its_short_side(tmp_path):
    path = write(tmp_path / 'v.avi', LARGE[::-1])
    assert decode(path, short_side=96)['img_shape'] == (144, 96)
    # decord takes rows of 72 pixels for pixels of four channels
    assert decode(path, short_side=72)['img_shape'] == (110, 73)


# -- in a pipeline ------------------------------------------------------------


def load(files, number, scaled=True):
    """The training pipeline up to the crop."""
    prefix = 'ScaledDecord' if scaled else 'Decord'
    opener = dict(type=f'{prefix}Init')
    if scaled:
        opener['short_side'] = 80
    random.seed(number)
    np.random.seed(number)
    return Compose(
        [
            dict(type='ForEachModality', transforms=[opener]),
            dict(
                type='SyncSample', transforms=[dict(type='UniformSample', clip_len=8)]
            ),
            dict(type='ForEachModality', transforms=[dict(type=f'{prefix}Decode')]),
            dict(type='SyncResize', short_side=(66, 80)),
            dict(
                type='ForEachModality',
                shared=True,
                transforms=[
                    dict(type='RandomCrop', size=64),
                    dict(type='Flip', flip_ratio=0.5),
                ],
            ),
        ]
    )(build_sample('s', files, files))['modalities']


@pytest.fixture(scope='module')
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp('pair')
    return dict(
        visible=write(folder / 'v.avi', LARGE), thermal=write(folder / 't.avi', SMALL)
    )


@pytest.mark.parametrize('number', range(6))
def test_pair_stays_aligned(files, number):
    visible, thermal = load(files, number).values()
    assert visible['original_shape'] == LARGE
    assert thermal['original_shape'] == SMALL
    assert np.array_equal(visible['frame_inds'], thermal['frame_inds'])
    difference = np.abs(np.subtract(visible['imgs'], thermal['imgs'], dtype=int))
    assert difference.shape == (8, 64, 64, 3)
    # one pixel is 4 grey levels here
    assert difference.mean() < 2


@pytest.mark.parametrize('number', range(3))
def test_same_sample_as_without_scaling(files, number):
    for ours, theirs in zip(
        load(files, number).values(), load(files, number, scaled=False).values()
    ):
        for key in ('frame_inds', 'img_shape', 'original_shape', 'flip'):
            assert np.array_equal(ours[key], theirs[key])
        # relative; the aspect ratio is rounded twice
        assert np.allclose(
            ours['crop_quadruple'], theirs['crop_quadruple'], rtol=0, atol=0.02
        )
        assert np.abs(np.subtract(ours['imgs'], theirs['imgs'], dtype=int)).mean() < 2


def test_each_file_is_opened_once(pairs, tiny_config):
    """A data set's sample, by the account of the interpreter."""
    dataset = DATASETS.build(tiny_config.train_dataloader.dataset)
    opened = []
    sys.addaudithook(
        lambda event, args: (
            opened.append(str(args[0])) if event == 'open' and watching else None
        )
    )  # cannot be taken off
    watching = True
    dataset[3]
    watching = False
    assert sorted(x for x in opened if x.endswith('.avi')) == sorted(
        inner['filename'] for inner in dataset.get_data_info(3)['modalities'].values()
    )


# -- containers ---------------------------------------------------------------


def test_cut_off_file_is_named(files, tmp_path):
    path = tmp_path / 'cut.avi'
    with open(files['visible'], 'rb') as f:
        content = f.read()
    path.write_bytes(content[:-1])
    with pytest.raises(UnreadableVideo, match='cut.avi is shorter than'):
        load(dict(files, thermal=str(path)), 0)
    path.write_bytes(content + b'\0')
    load(dict(files, thermal=str(path)), 0)


def test_what_an_avi_says():
    head = bytearray(HEAD)
    head[:12], head[24:28] = b'RIFF\x40\0\0\0AVI ', b'avih'
    head[64:72] = struct.pack('<II', 432, 288)
    assert avi_shape(head) == (288, 432)
    assert avi_shape(head[:-1]) is None
    for start, other in (
        (0, b'RIFX'),
        (8, b'WAVE'),
        (24, b'junk'),
        (64, bytes(4)),
        (68, bytes(4)),
    ):
        changed = bytearray(head)
        changed[start : start + 4] = other
        assert avi_shape(changed) is None
    assert not is_cut_off(head, 0x48) and is_cut_off(head, 0x47)
    assert not is_cut_off(b'', 0) and not is_cut_off(b'RIFF', 4)


# -- processes ----------------------------------------------------------------

LOADING = """
import os, sys
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.registry import init_default_scope
from torch.utils.data import DataLoader, DistributedSampler
from mmaction.registry import DATASETS
import mmbimodal

def rank(number, dataset, folder):
    dist.init_process_group('gloo', init_method=f'file://{folder}/meet',
                            rank=number, world_size=2)
    loader = DataLoader(dataset, 2, num_workers=8, persistent_workers=True,
                        sampler=DistributedSampler(dataset),
                        collate_fn=pseudo_collate)
    for _ in range(2):
        for batch in loader:
            count = torch.tensor(len(batch['data_samples']))
            dist.all_reduce(count)
            assert count == 4
    dist.destroy_process_group()

if __name__ == '__main__':
    torch.set_num_threads(1)
    config, root, folder = sys.argv[1:]
    init_default_scope('mmaction')
    settings = Config.fromfile(config).train_dataloader.dataset
    dataset = DATASETS.build(dict(settings, data_root=root))
    dataset[0]  # decord has run, with threads of its own, before the forks
    mp.start_processes(rank, (dataset, folder), nprocs=2,
                       start_method='fork')
    print('done')
"""


def test_two_ranks_of_eight_workers_do_not_wait_for_ever(pairs, tmp_path):
    script = tmp_path / 'loading.py'
    script.write_text(LOADING)
    result = subprocess.run(
        [sys.executable, str(script), str(CONFIG), str(pairs), str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert result.stdout.strip() == 'done', result.stderr[-2000:]
