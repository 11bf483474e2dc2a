"""Transforms of skeletons, with values worked out by hand."""

import cv2
import numpy as np
import pytest
from mmaction.registry import TRANSFORMS

from mmbimodal.datasets.skeleton import find_layout
from mmbimodal.errors import InputError


def apply(name, keypoint, *, keys=None, **options):
    """Result of a transform, which must leave its input alone."""
    before = keypoint.copy()
    results = dict(keys or {}, keypoint=keypoint)
    results = TRANSFORMS.build(dict(type=name, **options))(results)
    np.testing.assert_array_equal(keypoint, before)
    assert results['keypoint'].dtype == keypoint.dtype
    return results


def body(layout, number=0):
    """One person in one frame: joint v at (v + 1, 10 v, 2)."""
    joints = np.arange(len(find_layout(layout).joints), dtype=np.float32)
    return np.stack([joints + 1, 10 * joints, joints * 0 + 2], -1)[None, None]


@pytest.mark.parametrize('layout', ['nturgb+d', 'kinect20'])
def test_metric_joints_are_mirrored_and_swapped(layout):
    names = find_layout(layout).joints
    results = apply('FlipSkeleton', body(layout), layout=layout, flip_ratio=1)
    found = results['keypoint'][0, 0]
    left, right = names.index('hand_left'), names.index('hand_right')
    assert found[left].tolist() == [-(right + 1), 10 * right, 2]
    assert found[right].tolist() == [-(left + 1), 10 * left, 2]
    assert found[3].tolist() == [-4, 30, 2], 'the head stays the head'
    again = apply('FlipSkeleton', results['keypoint'], layout=layout, flip_ratio=1)
    np.testing.assert_array_equal(again['keypoint'], body(layout))


def test_what_a_flip_does_not_know_goes_and_lost_joints_stay_lost():
    keypoint = body('kinect20')
    keypoint[0, 0, 5] = 0
    keys = dict(colorXY=1, depthXY=1)
    found = apply('FlipSkeleton', keypoint, keys=keys, layout='kinect20', flip_ratio=1)
    assert 'colorXY' not in found and 'depthXY' not in found
    swapped = dict(find_layout('kinect20').pairs)[5]
    assert not found['keypoint'][0, 0, swapped].any()
    kept = apply('FlipSkeleton', keypoint, keys=keys, layout='kinect20', flip_ratio=0)
    assert 'colorXY' in kept and not kept['flip']


@pytest.mark.parametrize('number', range(8))
def test_joints_stay_on_their_places_in_the_picture(number):
    """Joints drawn into the frames are found at the joints after all transforms."""
    rng = np.random.default_rng(number)
    joints = len(find_layout('kinect20').joints)
    # different pixels, none at the border
    places = rng.permutation(10 * 15)[:joints]
    xy = np.stack([places % 15 * 10 + 8, places // 15 * 10 + 8], -1)
    frame = np.zeros((120, 160, 3), np.uint8)
    # Left and right look alike in a mirrored picture, so pairs have one colour.
    colour = np.arange(joints) * 10 + 40
    for left, right in find_layout('kinect20').pairs:
        colour[right] = colour[left]
    for (x, y), value in zip(xy.tolist(), colour.tolist()):
        cv2.circle(frame, (x, y), 4, (value,) * 3, -1)
    keypoint = np.tile(xy.astype(np.float32), (1, 4, 1, 1))
    sample = dict(
        modalities=dict(
            video=dict(
                imgs=[frame.copy() for _ in range(4)],
                img_shape=(120, 160),
                clip_len=4,
                num_clips=1,
                modality='RGB',
                filename='x.avi',
            ),
            body=dict(keypoint=keypoint, img_shape=(120, 160), filename='x.npz'),
            metric=dict(keypoint=body('kinect20'), filename='y.npz'),
        )
    )
    steps = [
        dict(type='SyncResize', short_side=(100, 140)),
        dict(
            type='ForEachModality',
            shared=True,
            transforms=dict(
                video=[dict(type='RandomCrop', size=90), dict(type='Flip')],
                body=[
                    dict(type='RandomCrop', size=90),
                    dict(type='FlipSkeleton', layout='kinect20'),
                ],
            ),
        ),
    ]
    np.random.seed(number)
    for step in steps:
        sample = TRANSFORMS.build(step)(sample)
    video, skeleton = (sample['modalities'][name] for name in ('video', 'body'))
    assert video['flip'] == skeleton['flip']
    assert sample['modalities']['metric']['keypoint'].tolist() == (
        body('kinect20').tolist()
    )
    inside = 0
    for frame, points in zip(video['imgs'], skeleton['keypoint'][0]):
        for value, (x, y) in zip(colour, points.round().astype(int)):
            if 0 <= x < 90 and 0 <= y < 90:
                inside += 1
                assert frame[y, x, 0] == pytest.approx(value, abs=2)
    assert inside >= 8


def test_the_reference_determines_the_size():
    def sample():
        return dict(
            modalities={
                name: dict(
                    imgs=[np.zeros((*size, 3), np.uint8)], img_shape=size, filename=name
                )
                for name, size in dict(a=(120, 160), b=(240, 300)).items()
            }
        )

    def sizes(**options):
        step = TRANSFORMS.build(dict(type='SyncResize', short_side=60, **options))
        found = step(sample())['modalities']
        return [found[name]['imgs'][0].shape[:2] for name in 'ab']

    assert sizes() == [(60, 80)] * 2
    assert sizes(reference='b') == [(60, 75)] * 2
    with pytest.raises(InputError, match="reference='c' is no modality"):
        sizes(reference='c')


def test_rotation_about_one_axis(monkeypatch):
    """A quarter turn about y brings z to x and x to -z."""
    monkeypatch.setattr(np.random, 'uniform', lambda low, high: high)
    point = np.array([1, 2, 3], np.float64).reshape(1, 1, 1, 3)
    found = apply('RotateSkeleton', point, max_degrees=(0, 90, 0))['keypoint']
    np.testing.assert_allclose(found.ravel(), [3, 2, -1], atol=1e-12)
    found = apply('RotateSkeleton', point, max_degrees=(90, 0, 0))['keypoint']
    np.testing.assert_allclose(found.ravel(), [1, -3, 2], atol=1e-12)
    found = apply('RotateSkeleton', point, max_degrees=(0, 0, 90))['keypoint']
    np.testing.assert_allclose(found.ravel(), [-2, 1, 3], atol=1e-12)


def test_rotation_keeps_distances_and_stays_in_range():
    np.random.seed(0)
    keypoint = np.random.rand(2, 5, 20, 3)
    found = apply('RotateSkeleton', keypoint, max_degrees=(10, 10, 10))['keypoint']
    norms = [np.linalg.norm(x, axis=-1) for x in (keypoint, found)]
    np.testing.assert_allclose(*norms)
    cosine = (keypoint * found).sum(-1) / norms[0] ** 2
    assert 0 < np.rad2deg(np.arccos(cosine)).max() < 30


def test_scale_changes_each_axis_within_its_range():
    np.random.seed(0)
    keypoint = np.ones((1, 3, 4, 3), np.float32)
    found = apply('ScaleSkeleton', keypoint, max_change=0.2)['keypoint']
    assert len(np.unique(found)) == 3, 'one factor per axis and clip'
    assert (abs(found - 1) <= 0.2).all() and (abs(found - 1) > 0).all()


def test_min_max_of_what_is_there():
    keypoint = np.zeros((1, 2, 2, 3), np.float32)
    keypoint[0, 0] = [[1, 5, 2], [3, 5, 4]]
    keypoint[0, 1, 0] = [2, 5, 6]
    found = apply('MinMaxSkeleton', keypoint)['keypoint']
    # the second axis does not extend, and the last joint is not there
    assert found[0, 0].tolist() == [[-1, 0, -1], [1, 0, 0]]
    assert found[0, 1].tolist() == [[0, 0, 1], [0, 0, 0]]
    assert not apply('MinMaxSkeleton', keypoint * 0)['keypoint'].any()


def test_resampling_stretches_the_time():
    keypoint = np.arange(1, 4, dtype=np.float32).reshape(1, 3, 1, 1).repeat(3, -1)
    found = apply('ResampleSkeleton', keypoint, clip_len=5)
    assert found['keypoint'][0, :, 0, 0].tolist() == [1, 1.5, 2, 2.5, 3]
    assert found['total_frames'] == found['clip_len'] == 5
    one = apply('ResampleSkeleton', keypoint[:, :1], clip_len=4)['keypoint']
    assert one[0, :, 0, 0].tolist() == [1, 1, 1, 1]
    keypoint[0, 1] = 0  # nobody is there in the middle
    found = apply('ResampleSkeleton', keypoint, clip_len=9)['keypoint']
    assert found[0, :, 0, 0].tolist() == [1, 1, 0, 0, 0, 0, 3, 3, 3]


def test_resampling_takes_parts_of_enough_length():
    keypoint = np.arange(1, 102, dtype=np.float64).reshape(1, 101, 1, 1)
    np.random.seed(0)
    parts = [
        apply('ResampleSkeleton', keypoint, clip_len=4, min_share=0.5)['keypoint']
        for _ in range(20)
    ]
    lengths = [x[0, -1, 0, 0] - x[0, 0, 0, 0] for x in parts]
    assert min(lengths) >= 50 and max(lengths) <= 100 and len(set(lengths)) == 20


def test_bad_settings_and_an_empty_clip_are_named():
    with pytest.raises(InputError, match='has no frame'):
        apply('ResampleSkeleton', np.zeros((1, 0, 20, 3)), clip_len=4)
    with pytest.raises(InputError, match='must be positive'):
        TRANSFORMS.build(dict(type='ResampleSkeleton', clip_len=0))


def test_streams_of_a_body_that_moves():
    """The hand is joint 7 of kinect20, its neighbour the wrist, joint 6."""
    keypoint = body('kinect20').repeat(3, axis=1)
    keypoint[0, 1, 7] += [1, 0, 0]
    keypoint[0, 2, 6] = 0  # the wrist is lost
    found = apply(
        'SkeletonStreams',
        keypoint,
        layout='kinect20',
        streams=['joint', 'bone', 'motion', 'bone_motion'],
    )['keypoint']
    assert found.shape == (1, 3, 20, 12)
    hand = found[0, :, 7].reshape(3, 4, 3)
    np.testing.assert_array_equal(hand[:, 0], keypoint[0, :, 7])
    assert hand[:, 1].tolist() == [[1, 10, 0], [2, 10, 0], [0, 0, 0]]
    assert hand[:, 2].tolist() == [[1, 0, 0], [-1, 0, 0], [0, 0, 0]]
    assert hand[:, 3].tolist() == [[1, 0, 0], [0, 0, 0], [0, 0, 0]]
    assert not found[0, :, 2, 3:6].any(), 'the centre has no bone'
    lost = found[0, 1, 6].reshape(4, 3)
    assert lost[0].any() and not lost[2].any(), 'no motion to where nothing is'


def test_streams_that_do_not_exist_and_another_layout_are_named():
    with pytest.raises(InputError, match='must be some of joint, bone'):
        apply('SkeletonStreams', body('kinect20'), layout='kinect20', streams=['b'])
    for name in ('SkeletonStreams', 'FlipSkeleton'):
        with pytest.raises(InputError, match='has 25 joints, the layout kinect20 20'):
            apply(name, body('nturgb+d'), layout='kinect20')
