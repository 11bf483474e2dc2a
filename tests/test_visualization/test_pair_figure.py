import numpy as np
from matplotlib.colors import to_rgba

from mmbimodal.visualization import Joints, pair_figure


def test_hidden_frames_have_a_frame_of_their_own():
    strip = [np.full((4, 5, 3), 40 * t, np.uint8) for t in range(3)]
    visible = dict(near=[True, False, True], far=[False, False, True])
    figure = pair_figure('a pair', dict(near=strip, far=strip), visible)
    framed = [[ax.spines['top'].get_visible()] for ax in figure.axes]
    assert np.ravel(framed).tolist() == [False, True, False, True, True, False]
    assert [ax.get_ylabel() for ax in figure.axes[::3]] == ['near', 'far']
    for t, ax in enumerate(figure.axes[:3]):
        np.testing.assert_array_equal(ax.images[0].get_array(), strip[t])


def test_without_a_truth_nothing_is_framed():
    strip = [np.zeros((4, 5, 3), np.uint8)] * 2
    figure = pair_figure('a pair', dict(near=strip))
    assert not any(ax.spines['top'].get_visible() for ax in figure.axes)


def test_persons_have_colours_and_lost_joints_are_hollow():
    # two persons, two frames, three joints; the second person lost its last joint in
    # the second frame and was not there in the first
    places = np.arange(24, dtype=float).reshape(2, 2, 3, 2) % 4
    scores = np.ones((2, 2, 3))
    scores[1, 0], scores[1, 1, 2] = 0, 0.5
    strip = [np.zeros((4, 5, 3), np.uint8)] * 2
    joints = dict(near=Joints(places, scores, [(1, 0), (2, 1)]))
    figure = pair_figure('', dict(near=strip, far=strip), joints=joints)
    first, second, *far = figure.axes
    assert not any(ax.lines or ax.collections for ax in far)
    assert [len(ax.lines) for ax in (first, second)] == [2, 4]
    assert [line.get_linestyle() for line in second.lines] == ['-', '-', '-', ':']
    np.testing.assert_array_equal(second.lines[0].get_xydata(), places[0, 1, [1, 0]])
    discs = [ax for ax in second.collections if len(ax.get_offsets())]
    assert [len(x.get_offsets()) for x in discs] == [3, 2, 1]
    one, other, hollow = discs
    assert to_rgba('white') == tuple(hollow.get_facecolor()[0])
    assert tuple(hollow.get_edgecolor()[0]) == tuple(other.get_facecolor()[0])
    assert tuple(one.get_facecolor()[0]) != tuple(other.get_facecolor()[0])
    np.testing.assert_array_equal(hollow.get_offsets()[0], places[1, 1, 2])
    assert (*second.get_xlim(), *second.get_ylim()) == (-0.5, 4.5, 3.5, -0.5)
