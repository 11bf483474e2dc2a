import numpy as np

from mmbimodal.visualization import pair_figure


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
