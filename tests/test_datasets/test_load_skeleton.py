"""A skeleton is a modality: loaded, put on the clock of the frames, sampled."""

import numpy as np
import pytest
import torch
from mmaction.registry import TRANSFORMS
from mmengine.dataset import Compose
from skeletons import joints

from mmbimodal.datasets import PairedDataset, build_sample
from mmbimodal.datasets.annotation import write_annotation
from mmbimodal.datasets.skeleton import Skeleton, write_compact
from mmbimodal.errors import InputError, UnreadableVideo

LOAD = dict(type='LoadSkeleton', layout='nturgb+d')
SAMPLE = dict(type='UniformSample', clip_len=8, test_mode=True)


def counted(frames, **parts):
    """A skeleton whose joints say the number of their frame, in every part."""
    number = np.arange(frames, dtype=np.float32)[None, :, None, None]
    shape = (1, frames, 25)
    return Skeleton(
        keypoint=np.broadcast_to(number + 1, (*shape, 3)),
        layout='nturgb+d',
        colorXY=np.broadcast_to(10 * number, (*shape, 2)),
        depthXY=np.broadcast_to(5 * number, (*shape, 2)),
        score=np.broadcast_to(number[..., 0] / frames, shape),
        **parts,
    )


@pytest.fixture
def load(tmp_path):
    def load(skeleton, **options):
        path = str(tmp_path / 'a.npz')
        write_compact(path, skeleton)
        sample = build_sample('a', dict(body=path), ['body'], kinds=dict(body='Pose'))
        transform = TRANSFORMS.build({**LOAD, **options})
        return transform(sample['modalities']['body'])

    return load


def test_metric_joints_come_with_those_in_the_pictures(load):
    found = load(counted(40))
    assert found['keypoint'].shape == (1, 40, 25, 3)
    assert found['keypoint'].dtype == np.float32
    assert found['total_frames'] == 40
    assert found['colorXY'].shape == found['depthXY'].shape == (1, 40, 25, 2)
    assert found['modality'] == 'Pose'
    # a score would become a fourth coordinate, a size would say "in pixels"
    assert not {'keypoint_score', 'img_shape', 'timestamps', 'avg_fps'} & set(found)


def test_joints_of_a_picture(load):
    found = load(counted(40), joints='depthXY', img_shape=[424, 512])
    assert np.array_equal(found['keypoint'][0, 3, 0], [15, 15])
    assert found['img_shape'] == (424, 512)
    assert found['keypoint_score'][0, 20, 0] == 0.5


def test_a_clock_where_there_is_one(load):
    found = load(counted(40, timestamps=np.arange(40) / 20))
    assert found['avg_fps'] == pytest.approx(20)
    assert found['timestamps'][-1] == pytest.approx(1.95)


def test_wrong_layouts_are_named_with_both_numbers(load):
    with pytest.raises(InputError, match='has the 25 joints of nturgb.d, the config '):
        load(counted(9), layout='kinect20')
    with pytest.raises(InputError, match='the 20 of kinect20: correct the layout'):
        load(counted(9), layout='kinect20')
    with pytest.raises(InputError, match="there is no skeleton layout 'coco'"):
        load(counted(9), layout='coco')


def test_joints_that_are_not_there(load):
    metric_only = Skeleton(joints(9)[None], 'nturgb+d')
    with pytest.raises(InputError, match='has no colorXY, only joints in metres'):
        load(metric_only, joints='colorXY', img_shape=(1080, 1920))
    with pytest.raises(InputError, match="joints='score' is unknown"):
        load(metric_only, joints='score')


@pytest.mark.parametrize(
    'options', [dict(joints='colorXY'), dict(img_shape=(1080, 1920))]
)
def test_pixels_need_a_size_and_metres_have_none(load, options):
    with pytest.raises(InputError, match='with joints in pixels only'):
        load(counted(9), **options)


@pytest.mark.parametrize('clock', [None, 20], ids=['no clock', 'clock'])
def test_a_skeleton_of_40_frames_beside_a_video_of_90(
    tmp_path, write_numbered, numbers_of, clock
):
    """Both last two seconds, at 20 and at 45 frames a second."""
    path = str(tmp_path / 'a.npz')
    times = None if clock is None else np.arange(40) / clock
    write_compact(path, counted(40, timestamps=times))
    video = write_numbered(tmp_path / 'a.mp4', np.arange(90) / 45)
    sample = build_sample('a', dict(eye=str(video), body=path), ['eye', 'body'])
    by_name = [
        dict(
            type='ForEachModality',
            transforms=dict(eye=[dict(type='OpenVideo')], body=[LOAD]),
        ),
        dict(type='SyncSample', transforms=[SAMPLE]),
        dict(
            type='ForEachModality',
            transforms=dict(
                eye=[dict(type='DecodeVideo')], body=[dict(type='DecodeSkeleton')]
            ),
        ),
    ]
    out = Compose([TRANSFORMS.build(step) for step in by_name])(sample)
    eye, body = out['modalities']['eye'], out['modalities']['body']
    frames = body['keypoint'][0, :, 0, 0] - 1
    assert np.abs(np.array(numbers_of(eye['imgs'])) / 45 - frames / 20).max() < 0.05
    assert body['total_frames'] == 40 and frames[0] < 5 and frames[-1] > 34
    # every part of the file shows the same frames
    assert np.array_equal(body['colorXY'][0, :, 0, 0], 10 * frames)
    assert np.array_equal(body['depthXY'][0, :, 24, 1], 5 * frames)


def test_a_skeleton_of_one_frame_is_no_clip(tmp_path, load):
    """Beside frames it is refused; MMAction2's sampler repeats it."""
    found = load(counted(1))
    eye = dict(filename='a.mp4', total_frames=90, start_index=0, avg_fps=30.0)
    sync = TRANSFORMS.build(dict(type='SyncSample', transforms=[SAMPLE]))
    with pytest.raises(UnreadableVideo, match='a.npz has 1 frames, a clip takes 8'):
        sync(dict(sample_id='a', modalities=dict(eye=eye, body=found)))


def test_mmaction2_samples_and_packs_a_skeleton_alone(tmp_path):
    """NW-UCLA has clips that are shorter than what a model takes."""
    write_compact(str(tmp_path / 'a.npz'), counted(5))
    ann_file = tmp_path / 'train.json'
    annotate(ann_file, 'a.npz')
    steps = [
        LOAD,
        dict(type='UniformSampleFrames', clip_len=16, test_mode=True, num_clips=2),
        dict(type='DecodeSkeleton'),
        dict(type='FormatGCNInput', num_person=2),
    ]
    pipeline = [
        dict(type='ForEachModality', transforms=dict(body=steps)),
        dict(type='PackModalityInputs', meta_keys=['filename']),
    ]
    (packed,) = PairedDataset(
        str(ann_file),
        pipeline,
        ['body'],
        data_root=str(tmp_path),
        kinds=dict(body='Pose'),
    )
    inputs = packed['inputs']['body']
    assert inputs.shape == (2, 2, 16, 25, 3)  # clips, persons, T, V, C
    assert torch.equal(inputs[0, 0, :, 0, 0].unique(), torch.arange(1.0, 6))
    assert not inputs[:, 1].any()


def annotate(ann_file, path):
    write_annotation(
        str(ann_file),
        dataset='toy',
        split='train',
        classes=['hug'],
        modalities=['body'],
        data_list=[dict(sample_id='a', label=0, body=path)],
    )


@pytest.mark.parametrize('path', ['../a.npz', '/tmp/a.npz', 'x/../../a.npz'])
def test_a_path_does_not_leave_the_root(tmp_path, path):
    with pytest.raises(InputError, match='leaves, the data root'):
        annotate(tmp_path / 'train.json', path)
    annotate(tmp_path / 'train.json', 'a.npz')
    text = (tmp_path / 'train.json').read_text()
    (tmp_path / 'train.json').write_text(text.replace('a.npz', path))
    with pytest.raises(InputError, match='leaves, the data root'):
        PairedDataset(
            str(tmp_path / 'train.json'), [], ['body'], data_root=str(tmp_path)
        )


def test_a_damaged_skeleton_is_skipped_like_a_damaged_video(tmp_path):
    """``on_error='skip'`` takes it for unreadable, and a released text for no file."""
    (tmp_path / 'a.skeleton').write_text('3\n')
    transform = TRANSFORMS.build(LOAD)
    with pytest.raises(UnreadableVideo, match='prepare.py of its data set'):
        transform(dict(filename=str(tmp_path / 'a.skeleton')))
