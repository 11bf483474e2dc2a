import numpy as np
from mmaction.registry import TRANSFORMS

CENTER = dict(type='CenterSkeleton')


def center(keypoint, **options):
    before = keypoint.copy()
    results = TRANSFORMS.build(dict(CENTER, **options))(dict(keypoint=keypoint))
    np.testing.assert_array_equal(keypoint, before)
    return results['keypoint']


def test_the_first_joint_that_is_seen_is_the_origin_of_all():
    # persons, frames, joints; nobody is there in the first frame
    keypoint = np.zeros((2, 3, 3, 3), np.float32)
    keypoint[0, 2] = [[1, 2, 3], [2, 2, 3], [3, 2, 3]]
    keypoint[1, 1] = [[0, 0, 4], [0, 1, 4], [0, 2, 4]]
    keypoint[1, 2] = [[0, 0, 5], [0, 1, 5], [0, 0, 0]]
    found = center(keypoint)
    assert found.dtype == np.float32
    assert found[1, 1].tolist() == [[0, -1, 0], [0, 0, 0], [0, 1, 0]]
    # they move alike: the other person, and the next frame
    assert found[0, 2].tolist() == [[1, 1, -1], [2, 1, -1], [3, 1, -1]]
    assert found[1, 2].tolist() == [[0, -1, 1], [0, 0, 1], [0, 0, 0]]
    assert not found[:, 0].any(), 'who is not there stays at 0'
    assert center(keypoint, joint=2)[0, 2].tolist() == [
        [1, 0, -1],
        [2, 0, -1],
        [3, 0, -1],
    ]


def test_two_persons_in_the_first_frame_the_first_of_them():
    keypoint = np.ones((2, 2, 3, 3), np.float32)
    keypoint[1] = 5
    found = center(keypoint)
    assert (found[0] == 0).all() and (found[1] == 4).all()


def test_without_a_body_nothing_moves():
    assert not center(np.zeros((1, 4, 3, 3), np.float32)).any()
