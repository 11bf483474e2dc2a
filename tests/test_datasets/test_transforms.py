import copy
import io
import random
import wave

import cv2
import numpy as np
import pytest
import torch
from mmaction.registry import MODELS, TRANSFORMS
from mmengine.dataset import Compose, pseudo_collate

from mmbimodal.datasets import build_sample
from mmbimodal.errors import InputError, UnreadableVideo

NAMES = ('visible', 'thermal')


def picture(height, width):
    """A smooth picture in which every place has its own colour."""
    y, x = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    return np.stack([255 * x, 255 * y, 127 * (x + y)], -1).astype(np.uint8)


def sample_of(sizes, frames=4):
    """The same picture in every modality, at different sizes."""
    sample = build_sample('s', dict.fromkeys(sizes, 'x.avi'), sizes, 3)
    for name, size in sizes.items():
        sample['modalities'][name].update(
            imgs=[picture(*size) for _ in range(frames)],
            img_shape=size,
            num_clips=1,
            clip_len=frames,
        )
    return sample


def seed(number):
    random.seed(number)
    np.random.seed(number)


@pytest.mark.parametrize('number', range(8))
@pytest.mark.parametrize(
    'geometry',
    [
        [dict(type='RandomCrop', size=64)],
        [
            dict(type='RandomResizedCrop', area_range=(0.3, 0.9)),
            dict(type='Resize', scale=(64, 64), keep_ratio=False),
        ],
        [
            dict(type='MultiScaleCrop', input_size=64, scales=(1, 0.8, 0.6)),
            dict(type='Resize', scale=(64, 64), keep_ratio=False),
        ],
        [dict(type='Flip', flip_ratio=0.5), dict(type='CenterCrop', crop_size=64)],
        [dict(type='ThreeCrop', crop_size=70)],
    ],
)
def test_pair_stays_aligned_through_geometry(geometry, number):
    seed(number)
    sample = sample_of(dict(visible=(144, 216), thermal=(77, 117)))
    sample = Compose(
        [
            dict(
                type='SyncResize',
                short_side=70 if geometry[0]['type'] == 'ThreeCrop' else (66, 80),
            ),
            dict(type='ForEachModality', shared=True, transforms=geometry),
        ]
    )(sample)
    visible, thermal = (
        np.stack(x['imgs']).astype(int) for x in sample['modalities'].values()
    )
    assert visible.shape == thermal.shape
    # Resampled from different sizes, but of the same place.
    assert np.abs(visible - thermal).max() <= 4


def test_shared_is_needed_for_alignment():
    """The same check fails without shared randomness: it can fail."""
    seed(0)
    sample = Compose(
        [
            dict(type='SyncResize', short_side=80),
            dict(type='ForEachModality', transforms=[dict(type='RandomCrop', size=64)]),
        ]
    )(sample_of(dict(visible=(144, 216), thermal=(77, 117))))
    visible, thermal = (
        np.stack(x['imgs']).astype(int) for x in sample['modalities'].values()
    )
    assert np.abs(visible - thermal).max() > 4


def test_random_crop_of_different_sizes_is_refused():
    transform = TRANSFORMS.build(
        dict(
            type='ForEachModality',
            shared=True,
            transforms=[dict(type='RandomCrop', size=64)],
        )
    )
    with pytest.raises(InputError, match='put SyncResize before it'):
        transform(sample_of(dict(visible=(144, 216), thermal=(77, 117))))


def test_unequal_consumption_of_randomness_is_refused():
    def draw(results):
        np.random.rand(len(results['filename']))
        return results

    sample = build_sample('s', dict(visible='a', thermal='ab'), NAMES)
    transform = TRANSFORMS.build(
        dict(type='ForEachModality', shared=True, transforms=[draw])
    )
    with pytest.raises(InputError, match='different amounts of random'):
        transform(sample)


def test_only_transforms_the_named_modality():
    sample = sample_of(dict(visible=(64, 64), thermal=(64, 64)))
    seed(0)
    out = TRANSFORMS.build(
        dict(
            type='ForEachModality',
            only=('visible',),
            transforms=[dict(type='ColorJitter')],
        )
    )(sample)['modalities']
    assert (out['thermal']['imgs'][0] == picture(64, 64)).all()
    assert (out['visible']['imgs'][0] != picture(64, 64)).any()


def test_only_with_an_unknown_name_lists_the_known_ones():
    transform = TRANSFORMS.build(
        dict(type='ForEachModality', only=('depth',), transforms=[])
    )
    with pytest.raises(InputError, match='depth.*visible, thermal'):
        transform(sample_of(dict(visible=(64, 64), thermal=(64, 64))))


def test_transforms_by_name():
    sample = sample_of(dict(visible=(64, 64), thermal=(64, 64)))
    seed(0)
    out = TRANSFORMS.build(
        dict(
            type='ForEachModality',
            transforms=dict(
                visible=[dict(type='CenterCrop', crop_size=32)],
                thermal=[
                    dict(type='CenterCrop', crop_size=48),
                    dict(type='Resize', scale=(16, 16), keep_ratio=False),
                ],
            ),
        )
    )(sample)['modalities']
    assert out['visible']['imgs'][0].shape == (32, 32, 3)
    assert out['thermal']['imgs'][0].shape == (16, 16, 3)


def test_unnamed_modalities_stay_as_they_are():
    sample = sample_of(dict(visible=(64, 64), thermal=(64, 64)))
    out = TRANSFORMS.build(
        dict(
            type='ForEachModality',
            transforms=dict(thermal=[dict(type='CenterCrop', crop_size=32)]),
        )
    )(sample)['modalities']
    assert out['visible']['imgs'][0].shape == (64, 64, 3)
    assert out['thermal']['imgs'][0].shape == (32, 32, 3)


@pytest.mark.parametrize('number', range(4))
def test_shared_transforms_by_name_see_the_same_random_numbers(number):
    seed(number)
    crop = dict(type='RandomCrop', size=32)
    out = TRANSFORMS.build(
        dict(
            type='ForEachModality',
            shared=True,
            transforms=dict(
                visible=[crop], thermal=[crop, dict(type='CenterCrop', crop_size=8)]
            ),
        )
    )(sample_of(dict(visible=(64, 64), thermal=(64, 64))))['modalities']
    visible, thermal = (x['imgs'][0] for x in out.values())
    assert (visible[12:20, 12:20] == thermal).all()


@pytest.mark.parametrize('thermal', [[], [dict(type='CenterCrop', crop_size=32)]])
def test_shared_transforms_by_name_that_draw_differently_are_refused(thermal):
    transform = TRANSFORMS.build(
        dict(
            type='ForEachModality',
            shared=True,
            transforms=dict(
                visible=[dict(type='RandomCrop', size=32)], thermal=thermal
            ),
        )
    )
    with pytest.raises(InputError, match='different amounts of random'):
        transform(sample_of(dict(visible=(64, 64), thermal=(64, 64))))


def test_transforms_by_an_unknown_name_list_the_known_ones():
    transform = TRANSFORMS.build(
        dict(type='ForEachModality', transforms=dict(depth=[]))
    )
    with pytest.raises(InputError, match='transforms names depth.*visible, thermal'):
        transform(sample_of(dict(visible=(64, 64), thermal=(64, 64))))


def test_names_are_given_once():
    with pytest.raises(InputError, match='name these modalities in transforms'):
        TRANSFORMS.build(
            dict(type='ForEachModality', transforms=dict(depth=[]), only=('depth',))
        )


def test_input_is_not_modified():
    sample = sample_of(dict(visible=(144, 216), thermal=(77, 117)))
    before = copy.deepcopy(sample)
    Compose(
        [
            dict(type='SyncResize', short_side=72),
            dict(
                type='ForEachModality',
                transforms=[
                    dict(type='CenterCrop', crop_size=64),
                    dict(type='FormatShape', input_format='NCTHW'),
                ],
            ),
            dict(type='PackModalityInputs'),
        ]
    )(sample)
    assert sample.keys() == before.keys()
    for name, inner in before['modalities'].items():
        assert sample['modalities'][name].keys() == inner.keys()
        for ours, theirs in zip(sample['modalities'][name]['imgs'], inner['imgs']):
            assert (ours == theirs).all()


# -- time -------------------------------------------------------------------


def sampled(totals, sampler):
    sample = build_sample('s', dict.fromkeys(totals, 'x.avi'), totals)
    for name, total in totals.items():
        sample['modalities'][name]['total_frames'] = total
    out = TRANSFORMS.build(dict(type='SyncSample', transforms=[sampler]))(sample)[
        'modalities'
    ]
    return {name: inner['frame_inds'] for name, inner in out.items()}


@pytest.mark.parametrize('number', range(5))
@pytest.mark.parametrize(
    'sampler',
    [
        dict(type='UniformSample', clip_len=8),
        dict(type='UniformSample', clip_len=8, num_clips=3, test_mode=True),
        dict(type='SampleFrames', clip_len=8, frame_interval=4),
        dict(type='SampleFrames', clip_len=1, num_clips=8),
    ],
)
def test_same_relative_times_whatever_the_lengths(sampler, number):
    seed(number)
    inds = sampled(dict(visible=301, thermal=76), sampler)
    assert inds['visible'].max() <= 300 and inds['thermal'].max() <= 75
    # Within half a frame of the shorter video.
    assert np.abs(inds['visible'] / 300 - inds['thermal'] / 75).max() <= 0.5 / 75 + 1e-9


def test_centre_of_eight_segments_when_testing():
    inds = sampled(
        dict(visible=81, thermal=41),
        dict(type='UniformSample', clip_len=8, test_mode=True),
    )
    assert inds['visible'].tolist() == [5, 15, 25, 35, 45, 55, 65, 75]


def test_too_short_a_video_is_named():
    with pytest.raises(UnreadableVideo, match='x.avi has 5 frames, a clip takes 8'):
        sampled(dict(visible=80, thermal=5), dict(type='UniformSample', clip_len=8))


# -- packing and missing modalities -----------------------------------------


def packed(absent=False):
    sample = sample_of(dict(visible=(64, 64), thermal=(64, 64)))
    if absent:
        sample['modalities']['thermal'] = None
    return Compose(
        [
            dict(type='SyncResize', short_side=64),
            dict(
                type='ForEachModality',
                shared=True,
                transforms=[
                    dict(type='Flip'),
                    dict(type='FormatShape', input_format='NCTHW'),
                ],
            ),
            dict(type='PackModalityInputs'),
        ]
    )(sample)


def test_absent_modality_becomes_zeros_of_its_own_shape():
    preprocessor = MODELS.build(
        dict(
            type='PairedDataPreprocessor',
            preprocessors={
                name: dict(
                    type='ActionDataPreprocessor',
                    mean=[100.0] * 3,
                    std=[50.0] * 3,
                    format_shape='NCTHW',
                )
                for name in NAMES
            },
        )
    )
    batch = preprocessor(pseudo_collate([packed(), packed(absent=True)]))
    thermal = batch['inputs']['thermal']
    assert thermal.shape == (2, 1, 3, 4, 64, 64)
    assert thermal.isfinite().all() and (thermal[1] == -2).all()
    assert [list(x.metainfo['modalities']) for x in batch['data_samples']] == [
        ['visible', 'thermal'],
        ['visible'],
    ]
    assert batch['inputs']['visible'].isfinite().all()
    expected = torch.from_numpy(picture(64, 64)).permute(2, 0, 1)
    value = batch['inputs']['visible'][0, 0, :, 0] * 50 + 100
    flipped = batch['data_samples'][0].metainfo['modalities']['visible']['flip']
    torch.testing.assert_close(
        value, (expected.flip(-1) if flipped else expected).float(), atol=1e-3, rtol=0
    )


def test_metainfo_tells_where_a_sample_came_from():
    meta = packed(absent=True)['data_samples'].metainfo
    assert meta['sample_id'] == 's'
    assert list(meta['modalities']) == ['visible']
    assert meta['modalities']['visible']['filename'] == 'x.avi'


@pytest.mark.parametrize('value', [float('nan'), float('inf')])
def test_a_value_that_is_no_number_is_named(value):
    """Of one frame: the rest of the sample is not used either."""
    inner = dict(imgs=np.zeros((1, 3, 4, 8, 8), np.float32), filename='a/depth.npy')
    inner['imgs'][0, 0, 2, 1, 1] = value
    sample = dict(sample_id='S3', modalities=dict(visible=None, depth=inner), label=0)
    with pytest.raises(UnreadableVideo, match=r'depth of sample S3.*a/depth\.npy'):
        TRANSFORMS.build(dict(type='PackModalityInputs'))(sample)


# -- reading ----------------------------------------------------------------


def write(path, frames, size, fps=10, grey=False):
    writer = cv2.VideoWriter(
        str(path), cv2.VideoWriter_fourcc(*'MJPG'), fps, size, not grey
    )
    for i in range(frames):
        frame = np.full(size[::-1] + ((3,) if not grey else ()), 8 * i % 256, np.uint8)
        writer.write(frame)
    writer.release()
    return str(path)


def opener(decoder):
    return dict(type=f'{decoder}Init' if decoder else 'OpenVideo')


def decode(decoder):
    return dict(type=f'{decoder}Decode' if decoder else 'DecodeVideo')


@pytest.mark.parametrize('decoder', ['Decord', 'OpenCV', 'PyAV', None])
def test_pairs_that_differ_in_everything(tmp_path, decoder):
    """Lengths, rates, odd sizes, and a one-channel infrared video."""
    files = dict(
        visible=write(tmp_path / 'v.avi', 30, (293, 256)),
        thermal=write(tmp_path / 't.avi', 15, (122, 101), 5, grey=True),
    )
    sample = Compose(
        [
            dict(type='ForEachModality', transforms=[opener(decoder)]),
            dict(
                type='SyncSample',
                transforms=[dict(type='UniformSample', clip_len=8, test_mode=True)],
            ),
            dict(type='ForEachModality', transforms=[decode(decoder)]),
            dict(type='SyncResize', short_side=72),
            dict(
                type='ForEachModality',
                shared=True,
                transforms=[
                    dict(type='RandomCrop', size=64),
                    dict(type='FormatShape', input_format='NCTHW'),
                ],
            ),
            dict(type='PackModalityInputs'),
        ]
    )(build_sample('s', files, NAMES, 0))
    visible, thermal = sample['inputs'].values()
    assert visible.shape == thermal.shape == (1, 3, 8, 64, 64)
    # Grey level 8 i in frame i: twice as long is twice the index.
    means = visible.float().mean((0, 1, 3, 4)), thermal.float().mean((0, 1, 3, 4))
    assert (means[0] / 2 - means[1]).abs().max() < 10


def sound():
    """A wave file: a sound track without any picture."""
    stream = io.BytesIO()
    with wave.open(stream, 'wb') as f:
        f.setparams((1, 2, 8000, 0, 'NONE', ''))
        f.writeframes(bytes(16000))
    return stream.getvalue()


@pytest.mark.parametrize(
    'content', [b'', b'no video at all\n' * 40, sound()], ids=['empty', 'text', 'sound']
)
@pytest.mark.parametrize('decoder', ['Decord', 'OpenCV', 'PyAV', None])
def test_a_file_that_is_no_video_is_named(tmp_path, content, decoder):
    bad = tmp_path / 'bad.avi'
    bad.write_bytes(content)
    files = dict(visible=write(tmp_path / 'v.avi', 30, (96, 72)), thermal=str(bad))
    with pytest.raises(UnreadableVideo, match=r'bad\.avi'):
        Compose(
            [
                dict(type='ForEachModality', transforms=[opener(decoder)]),
                dict(
                    type='SyncSample',
                    transforms=[dict(type='UniformSample', clip_len=8)],
                ),
                dict(type='ForEachModality', transforms=[decode(decoder)]),
            ]
        )(build_sample('s', files, NAMES, 0))


def test_an_error_after_decoding_is_not_blamed_on_the_file():
    def broken(results):
        raise KeyError('programming error')

    transform = TRANSFORMS.build(dict(type='ForEachModality', transforms=[broken]))
    with pytest.raises(KeyError, match='programming error'):
        transform(sample_of(dict(visible=(64, 64), thermal=(64, 64))))


def test_a_fault_of_a_transform_is_not_blamed_on_the_file():
    """Before the frames are decoded either; the data set would skip the sample."""

    def broken(results):
        raise ValueError('programming error')

    transform = TRANSFORMS.build(dict(type='ForEachModality', transforms=[broken]))
    with pytest.raises(ValueError, match='programming error') as error:
        transform(build_sample('s', dict(visible='v.avi'), ['visible']))
    assert not isinstance(error.value, InputError)


def test_a_wrong_pipeline_is_not_blamed_on_the_file(tmp_path):
    files = dict(visible=write(tmp_path / 'v.avi', 30, (96, 72)))
    decode = dict(type='ForEachModality', transforms=[dict(type='DecordDecode')])
    with pytest.raises(KeyError, match='video_reader'):
        TRANSFORMS.build(decode)(build_sample('s', files, files))


@pytest.mark.parametrize('shared', [False, True])
def test_transforms_that_write_into_arrays_leave_the_input_alone(shared):
    def write_zeros(results):
        results['imgs'][0][:] = 0
        results['keypoint'][:] = 0
        return results

    sample = sample_of(dict(visible=(64, 64), thermal=(64, 64)))
    for inner in sample['modalities'].values():
        inner['keypoint'] = np.ones((1, 4, 5, 2))
    before = copy.deepcopy(sample)
    out = TRANSFORMS.build(
        dict(
            type='ForEachModality',
            shared=shared,
            transforms=[write_zeros, dict(type='Flip', flip_ratio=1)],
        )
    )(sample)['modalities']
    for name, inner in before['modalities'].items():
        assert not out[name]['keypoint'].any()
        assert (sample['modalities'][name]['keypoint'] == inner['keypoint']).all()
        assert np.array_equal(sample['modalities'][name]['imgs'], inner['imgs'])


def test_random_crop_of_joints_in_another_size_of_picture_is_refused():
    sample = sample_of(dict(visible=(120, 160), joints=(240, 320)))
    joints = sample['modalities']['joints']
    del joints['imgs']
    joints['keypoint'] = np.ones((1, 4, 5, 2), np.float32)
    transform = TRANSFORMS.build(
        dict(
            type='ForEachModality',
            shared=True,
            transforms=[dict(type='RandomCrop', size=64)],
        )
    )
    with pytest.raises(InputError, match='different sizes.*put SyncResize before'):
        transform(sample)


@pytest.mark.parametrize('thermal', [(160, 90), (100, 160), (80, 160)])
def test_another_shape_of_picture_is_refused_or_accepted_by_name(thermal):
    sizes = dict(visible=(90, 160), thermal=thermal)
    resize = dict(type='SyncResize', short_side=72)
    if thermal[0] > thermal[1]:
        with pytest.raises(InputError, match=r'thermal, 90x160.*max_distortion'):
            TRANSFORMS.build(resize)(sample_of(sizes))
        resize['max_distortion'] = 3.2
    out = TRANSFORMS.build(resize)(sample_of(sizes))['modalities']
    assert out['thermal']['imgs'][0].shape == (72, 128, 3)
