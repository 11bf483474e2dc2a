import numpy as np

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
    bones, discs = [], []
    for line in second.lines:
        (bones if line.get_linestyle() in '-:' else discs).append(line)
    assert len(first.lines) == 2 + 3, 'bones and joints of one person'
    assert [line.get_linestyle() for line in bones] == ['-', '-', '-', ':']
    np.testing.assert_array_equal(bones[0].get_xydata(), places[0, 1, [1, 0]])
    np.testing.assert_array_equal(
        np.concatenate([x.get_xydata() for x in discs]), places[:, 1].reshape(6, 2)
    )
    *one, other, another, hollow = discs
    assert len({x.get_color() for x in one}) == 1
    assert other.get_color() == another.get_color() == hollow.get_markeredgecolor()
    assert other.get_color() != one[0].get_color()
    assert hollow.get_markerfacecolor() == 'white'
    assert (*second.get_xlim(), *second.get_ylim()) == (-0.5, 4.5, 3.5, -0.5)
