"""Picture and video of a timeline."""

import av
import numpy as np
import pytest
from matplotlib.collections import QuadMesh

from mmbimodal.structures import Timeline
from mmbimodal.visualization import TimelineVideo, save_png, timeline_figure

RED, BLUE = np.array([200, 40, 40]), np.array([40, 40, 200])


def frames_of(path):
    with av.open(str(path)) as container:
        return np.stack(
            [x.to_ndarray(format='rgb24') for x in container.decode(video=0)]
        )


def picture(color, height=60, width=80):
    return np.broadcast_to(color.astype(np.uint8), (height, width, 3))


def test_panels_side_by_side_below_a_banner(tmp_path):
    path = tmp_path / 'new/t.mp4'
    with TimelineVideo(path, 12.5) as video:
        for time in range(3):
            pair = dict(a=picture(RED), b=picture(BLUE, 45, 30))
            video.show(pair, 'walk – gehen', 0.875, time)
    frames = frames_of(path).astype(int)
    # 240 high: 320 and 160 wide, a gap of 4, a banner of 56
    assert frames.shape == (3, 296, 484, 3)
    assert np.abs(frames[1, 70:290, 10:310] - RED).max() < 20
    assert np.abs(frames[1, 70:290, 334:474] - BLUE).max() < 20
    banner = frames[:, :52]
    assert (banner[0, 5:30, 5:200] < 100).sum() > 300  # the label
    assert np.array_equal(banner[0, :, :380] > 128, banner[2, :, :380] > 128)
    assert (np.abs(banner[0, :30, 400:] - banner[2, :30, 400:]) > 99).any()  # the time


def test_a_long_label_stays_inside(tmp_path):
    with TimelineVideo(tmp_path / 't.mp4', 10) as video:
        video.show(dict(a=picture(RED)), 'put on a hat or a cap ' * 4, 1.0, 3600)
    banner = frames_of(tmp_path / 't.mp4')[0, :30]
    dark = (banner < 120).any(axis=(0, 2))
    assert dark[120:220].any() and dark[-16:-6].any() and not dark[-4:].any()
    # a space between the label and the time, which is some 65 pixels wide
    assert any(not dark[x : x + 9].any() for x in range(200, 270))


def test_an_error_keeps_the_older_file(tmp_path):
    (tmp_path / 't.mp4').write_bytes(b'older')
    with pytest.raises(KeyError), TimelineVideo(tmp_path / 't.mp4', 10) as video:
        video.show(dict(a=picture(RED)), 'walk', 1.0, 0)
        raise KeyError
    assert (tmp_path / 't.mp4').read_bytes() == b'older'
    assert [x.name for x in tmp_path.iterdir()] == ['t.mp4']


def test_the_figure(tmp_path, check_texts, check_png):
    """Window 1 of 3 is of another class; 20 classes, of which 14 are drawn."""
    scores = np.full((3, 20), 0.01)
    scores[[0, 2], 17] = 0.8
    scores[1, 3] = 0.8
    classes = [f'class {k}' for k in range(20)]
    figure = timeline_figure(Timeline('pair', classes, 1.0, 1.0, (2.0, 5.0), scores))
    texts = check_texts(figure)
    ax = figure.axes[0]
    names = [x.get_text() for x in ax.get_yticklabels()]
    assert len(names) == 14 and 'class 17' in names and 'seconds' in texts
    bars = {
        (round(x.get_x(), 6), round(x.get_width(), 6), names[round(x.get_y() + 0.17)])
        for x in ax.patches
    }
    assert bars == {(2, 1, 'class 17'), (3, 1, 'class 3'), (4, 1, 'class 17')}
    (mesh,) = [x for x in ax.collections if isinstance(x, QuadMesh)]
    shades = mesh.get_array().reshape(14, 3)
    assert shades[names.index('class 3')].tolist() == [0.01, 0.8, 0.01]
    save_png(figure, tmp_path / 't.png')
    check_png(tmp_path / 't.png')
