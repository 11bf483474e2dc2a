"""Squares around persons, clips that are turned and mirrored, and their values."""

import numpy as np
import pytest
from mmaction.registry import TRANSFORMS

from mmbimodal.errors import InputError

# one colour for each place of a picture of 1080x1920 at a tenth: row, column
PICTURE = (1080, 1920)
FRAME = np.stack(np.mgrid[:108, :192], -1).astype(np.uint8)


def crop(places, frame=FRAME, picture=PICTURE, **options):
    """What is left of a sample, which must not change, and the corner of its square."""
    options = dict(dict(frames='video', body='joints', picture=picture), **options)
    body = places and dict(colorXY=np.array(places, np.float32))
    video = dict(imgs=[frame.copy(), frame.copy()], img_shape=frame.shape[:2])
    sample = dict(modalities=dict(video=video, joints=body))
    found = TRANSFORMS.build(dict(type='CropAroundBody', **options))(sample)
    assert (
        video['imgs'][0].shape == frame.shape and video['img_shape'] == frame.shape[:2]
    )
    inner = found['modalities']['video']
    assert inner['img_shape'] == inner['imgs'][0].shape[:2]
    np.testing.assert_array_equal(*inner['imgs'])
    return inner['imgs'][0], inner['imgs'][0][0, 0].tolist()


@pytest.mark.parametrize(
    'joints,corner',
    [
        # middle of x: 1000, from 500 on; of y: 540, from 40 on
        ([[[[800, 300], [1200, 780]]]], [4, 50]),
        # two persons, each with a joint that is not there: one box
        ([[[[0, 0], [200, 500]]], [[[0, 0], [1500, 100]]]], [0, 35]),
        # at both edges
        ([[[[1, 1], [2, 2]]]], [0, 0]),
        ([[[[1900, 1000], [1910, 1079]]]], [8, 92]),
        # a joint that the tracker sees far out of the picture
        ([[[[-9000, 500], [400, 500]]]], [0, 0]),
    ],
)
def test_the_square_is_around_the_persons(joints, corner):
    """A square of 1000 pixels is one of 100 here; its corner says where it is."""
    image, found = crop(joints)
    assert image.shape == (100, 100, 2)
    assert found == corner


@pytest.mark.parametrize('joints', [None, [[[[0, 0], [0, 0]]]]])
def test_without_joints_it_is_the_middle(joints):
    assert crop(joints)[1] == [4, 46]


def test_a_smaller_picture_is_cut_to_its_short_side():
    frame = np.zeros((480, 640, 3), np.uint8)
    assert crop(None, frame, (480, 640))[0].shape == (480, 480, 3)


def test_a_square_of_another_size_and_shape_of_frames():
    """Frames that are squeezed are cut where the joints are."""
    image, corner = crop([[[[970, 540]]]], frame=FRAME[:, ::2], size=540)
    assert image.shape == (54, 27, 2)
    assert corner == [27, 70]


@pytest.mark.parametrize(
    'options,message',
    [
        (dict(size=0), 'size=0 must be positive'),
        (dict(joints='keypoint'), "joints='keypoint' one of"),
        (dict(body='pose'), 'names pose, the data set has video, joints'),
    ],
)
def test_wrong_crops(options, message):
    with pytest.raises(InputError, match=message):
        crop(None, **options)


def test_a_sample_without_frames_stays():
    step = dict(type='CropAroundBody', frames='video', body='a', picture=PICTURE)
    sample = dict(modalities=dict(video=None, a=None))
    assert TRANSFORMS.build(step)(sample) == sample


SQUARE = np.array([[1, 2], [3, 4]], np.uint8)


def turn(frame=SQUARE, **options):
    options = dict(dict(horizontal_ratio=0.0), **options)
    imgs = [frame, frame.copy()]
    before = frame.copy()
    results = TRANSFORMS.build(dict(type='RandomRightAngle', **options))(
        dict(imgs=imgs, img_shape=frame.shape[:2])
    )
    np.testing.assert_array_equal(frame, before)
    np.testing.assert_array_equal(*results['imgs'])
    assert results['imgs'][0].flags.c_contiguous
    return results['imgs'][0].tolist()


@pytest.mark.parametrize(
    'options,expected',
    [
        ({}, [[1, 2], [3, 4]]),
        (dict(horizontal_ratio=1.0), [[2, 1], [4, 3]]),
        (dict(vertical_ratio=1.0), [[3, 4], [1, 2]]),
        (dict(horizontal_ratio=1.0, vertical_ratio=1.0), [[4, 3], [2, 1]]),
    ],
)
def test_flips_by_hand(options, expected):
    assert turn(**options) == expected


def test_turns_are_counterclockwise_and_alike():
    """90, 180 and 270 degrees; each about a third of 300."""
    np.random.seed(0)
    found = [str(turn(turn_ratio=1.0)) for _ in range(300)]
    expected = ['[[2, 4], [1, 3]]', '[[4, 3], [2, 1]]', '[[3, 1], [4, 2]]']
    assert set(found) == set(expected)
    assert all(70 < found.count(x) < 130 for x in expected)


def test_by_default_nothing_is_upside_down():
    np.random.seed(0)
    step = TRANSFORMS.build(dict(type='RandomRightAngle'))
    found = [
        str(step(dict(imgs=[SQUARE], img_shape=(2, 2)))['imgs'][0].tolist())
        for _ in range(200)
    ]
    assert set(found) == {'[[1, 2], [3, 4]]', '[[2, 1], [4, 3]]'}
    assert 70 < found.count('[[1, 2], [3, 4]]') < 130


def test_wrong_turns():
    with pytest.raises(InputError, match='choose probabilities from 0 to 1'):
        turn(turn_ratio=1.5)
    with pytest.raises(InputError, match='turns square frames.*has 3x2'):
        turn(np.zeros((2, 3), np.uint8), turn_ratio=0.1)
    assert turn(np.array([[1, 2, 3]]), horizontal_ratio=1.0) == [[3, 2, 1]]


def test_the_model_gets_what_it_reads():
    """The skeleton has served the crop and is not packed."""
    inner = dict(imgs=np.zeros((1, 1), np.float32), filename='x')
    sample = dict(sample_id='a', label=1, modalities=dict(video=inner, joints={}))
    pack = dict(type='PackModalityInputs', meta_keys=['filename'], only=('video',))
    packed = TRANSFORMS.build(pack)(sample)
    assert [*packed['inputs']] == ['video']
    assert [*packed['data_samples'].modalities] == ['video']
    with pytest.raises(InputError, match='only names pose, the data set has video'):
        TRANSFORMS.build(dict(pack, only=('pose',)))(sample)


def test_the_darkest_value_of_a_clip_is_0_and_the_brightest_1():
    frames = [np.array([[[50, 100]]], np.uint8), np.array([[[150, 250]]], np.uint8)]
    results = TRANSFORMS.build(dict(type='MinMaxFrames'))(dict(imgs=frames))
    assert [x.tolist() for x in results['imgs']] == [[[[0.0, 0.25]]], [[[0.5, 1.0]]]]
    assert results['imgs'][0].dtype == np.float32 and frames[0][0, 0, 1] == 100
    black = TRANSFORMS.build(dict(type='MinMaxFrames'))(dict(imgs=[frames[0] * 0]))
    assert not black['imgs'][0].any()
