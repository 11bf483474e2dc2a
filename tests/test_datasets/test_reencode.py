import numpy as np
import pytest

from mmbimodal.datasets import open_frames
from mmbimodal.datasets.reencode import reencode_one

EVEN = np.arange(40) / 25
HALVED = np.concatenate([np.arange(20) / 25, 0.8 + np.arange(10) * 2 / 25])
PAUSED = np.delete(np.arange(60) / 29.97, range(10, 22))


@pytest.mark.parametrize(
    'times', [EVEN, HALVED, PAUSED], ids=['even', 'halved', 'paused']
)
@pytest.mark.parametrize('name', ['v.mp4', 'v.mkv'])
def test_the_same_frames_at_the_same_times(
    tmp_path, write_numbered, numbers_of, times, name
):
    source = write_numbered(tmp_path / name, times, size=(96, 144))
    output = tmp_path / 'out' / 'v.mp4'
    assert reencode_one((str(source), str(output)), 48) == ''
    with open_frames(str(source)) as old, open_frames(str(output)) as new:
        assert new.timestamps == pytest.approx(old.timestamps, abs=1e-4)
        assert numbers_of(new.read(range(len(times)))) == list(range(len(times)))
        assert new.shape == (48, 72)


def test_a_turned_video_stays_upright(tmp_path, write_numbered):
    source = write_numbered(tmp_path / 'v.mp4', EVEN, rotation=90)
    output = tmp_path / 'out' / 'v.mp4'
    assert reencode_one((str(source), str(output)), None) == ''
    with open_frames(str(source)) as old, open_frames(str(output)) as new:
        difference = np.subtract(old.read([20])[0], new.read([20])[0], dtype=int)
    assert np.abs(difference).mean() < 3


def test_a_damaged_source_leaves_nothing(tmp_path, write_numbered):
    source = write_numbered(tmp_path / 'v.mp4', EVEN)
    source.write_bytes(source.read_bytes()[:900])
    output = tmp_path / 'out' / 'v.mp4'
    assert 'cannot be encoded' in reencode_one((str(source), str(output)), 48)
    assert list(output.parent.iterdir()) == []
