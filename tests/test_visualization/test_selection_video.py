from types import SimpleNamespace

import av
import decord
import numpy as np
import pytest

from mmbimodal.errors import InputError
from mmbimodal.visualization import save_selection_video

COLORS = np.array([(220, 40, 40), (40, 200, 40), (40, 40, 220)], np.uint8)


def part(steps=3):
    """Frames of one colour each; the first one is a key frame."""
    marks = np.zeros((steps, 2, 2), bool)
    marks[0, 0] = True
    return SimpleNamespace(
        frames=np.broadcast_to(COLORS[:steps, None, None], (steps, 32, 32, 3)),
        marks=marks,
        frame_inds=np.arange(steps) * 5,
        scores=np.linspace(1, 0, steps),
        levels=np.array(['key'] + ['background'] * (steps - 1)),
    )


def selection(**modalities):
    return SimpleNamespace(
        sample_id='S001C001P001R001A001',
        classes=['walk', 'run'],
        class_scores=np.array([0.8, 0.2]),
        label=1,
        modalities=modalities,
    )


def read(path):
    reader = decord.VideoReader(str(path))
    return reader.get_batch(range(len(reader))).asnumpy().astype(int), reader


def test_the_strip_is_played_in_time(tmp_path):
    path = tmp_path / 'new folder/s.mp4'
    save_selection_video(selection(a=part(), b=part()), path)
    frames, reader = read(path)
    # half a second for each of three frames
    assert len(frames) == 12 and reader.get_avg_fps() == 8
    height, width = frames.shape[1:3]
    kept = COLORS[0].astype(int)
    for x in (width // 4, 3 * width // 4):  # the middles of both panels
        # of the first frame the upper half is kept, the lower one pale
        assert np.abs(frames[1, height // 3, x] - kept).max() < 25
        veiled = frames[1, int(height * 0.6), x]
        assert np.abs(veiled - (kept / 4 + 255 * 3 / 4)).max() < 25
    for step, color in enumerate(COLORS[1:].astype(int), 1):
        shown = frames[4 * step + 1, height // 3, width // 4]
        assert np.abs(shown - (color / 4 + 255 * 3 / 4)).max() < 25
    # Nothing reaches over the edge, and the layout does not move.
    assert frames[:, -70:, [0, 1, -2, -1]].min() > 230
    assert np.abs(frames[1, :60] - frames[9, :60]).mean() < 3


def test_modalities_of_different_lengths(tmp_path):
    save_selection_video(selection(a=part(3), b=part(1)), tmp_path / 's.mp4')
    assert len(read(tmp_path / 's.mp4')[0]) == 12


def test_one_modality_without_a_label(tmp_path):
    alone = selection(a=part())
    alone.label = None
    save_selection_video(alone, tmp_path / 's.mp4')
    assert len(read(tmp_path / 's.mp4')[0]) == 12


def test_without_an_encoder_nothing_is_written(tmp_path, monkeypatch):
    path = tmp_path / 's.mp4'
    path.write_bytes(b'an older one')

    def refuse(*arguments, **options):
        raise av.codec.codec.UnknownCodecError('libx264')

    monkeypatch.setattr('av.container.OutputContainer.add_stream', refuse)
    with pytest.raises(InputError, match='s.mp4 cannot be written.*encoder'):
        save_selection_video(selection(a=part()), path)
    assert path.read_bytes() == b'an older one'


def test_script(run_tool, config_file, checkpoint, tmp_path):
    run_tool(
        'visualizations/selection.py',
        config_file,
        checkpoint,
        '--sample',
        's1',
        '--out',
        tmp_path / 'pictures',
        '--video-out',
        tmp_path / 'videos',
    )
    assert (tmp_path / 'pictures/s1.png').is_file()
    assert len(read(tmp_path / 'videos/s1.mp4')[0]) == 32


def test_browsers_play_it(tmp_path):
    """H.264 with one chroma sample for four pixels, the index before the data."""
    save_selection_video(selection(a=part(), b=part()), tmp_path / 's.mp4')
    with av.open(str(tmp_path / 's.mp4')) as container:
        context = container.streams.video[0].codec_context
        assert (context.name, context.pix_fmt) == ('h264', 'yuv420p')
    data = (tmp_path / 's.mp4').read_bytes()
    assert data.index(b'moov') < data.index(b'mdat')
