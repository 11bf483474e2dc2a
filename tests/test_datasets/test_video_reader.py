import os
import struct
import subprocess
import sys

import av
import cv2
import decord
import numpy as np
import pytest

from mmbimodal.datasets import nearest, open_frames
from mmbimodal.datasets.container import is_cut_off
from mmbimodal.errors import InputError, UnreadableVideo

EVEN = np.arange(40) / 25
# A phone halves its rate in the dark; a thermal camera stops for its shutter.
HALVED = np.concatenate([np.arange(20) / 25, 0.8 + np.arange(10) * 2 / 25])
PAUSED = np.delete(np.arange(40) / 25, range(10, 22))
KINDS = [
    ('v.mp4', 'libx264', dict(g='12', bf='2')),
    ('v.mkv', 'libx264', dict(g='12', bf='2')),
    ('v.mp4', 'libx265', {'x265-params': 'log-level=0:keyint=10'}),
    ('v.mp4', 'mpeg4', dict(g='12', bf='2')),
    ('v.avi', 'mpeg4', dict(g='12')),
    ('v.avi', 'mpeg4', dict(g='12', bf='2')),
    ('v.avi', 'mjpeg', {}),
    ('v.ts', 'libx264', dict(g='12', bf='2')),
    ('v.mpg', 'mpeg2video', dict(g='12', bf='2')),
    ('v.mp4', 'libsvtav1', {}),
    ('v.gif', 'gif', {}),
]


@pytest.mark.parametrize('name, codec, options', KINDS)
def test_frames_and_times_of_every_kind_of_video(
    tmp_path, write_numbered, numbers_of, name, codec, options
):
    path = write_numbered(tmp_path / name, EVEN, codec, **options)
    order = [39, 3, 3, 17, 0, 18, 12]
    with open_frames(str(path)) as reader:
        assert len(reader) == 40
        assert reader.avg_fps == pytest.approx(25, rel=0.01)
        # GIF counts hundredths of a second
        assert reader.timestamps == pytest.approx(EVEN, abs=0.006)
        assert numbers_of(reader.read(order)) == order
        assert numbers_of(reader.read(range(40))) == list(range(40))
        assert reader.shape == (64, 96)


@pytest.mark.parametrize('times', [HALVED, PAUSED], ids=['halved', 'paused'])
@pytest.mark.parametrize('name', ['v.mp4', 'v.mkv'])
def test_uneven_times(tmp_path, write_numbered, numbers_of, name, times):
    path = write_numbered(tmp_path / name, times)
    with open_frames(str(path)) as reader:
        assert reader.timestamps == pytest.approx(times, abs=1e-3)
        assert numbers_of(reader.read(range(28))) == list(range(28))


def test_a_frame_that_is_asked_for_twice_can_be_written_into(tmp_path, write_numbered):
    path = write_numbered(tmp_path / 'v.mp4', EVEN)
    with open_frames(str(path)) as reader:
        first, second = reader.read([5, 5])
    first[:] = 0
    assert second.all()


def cut_without_encoding(source, target, start):
    """What ``ffmpeg -ss START -c copy`` does: whole groups, and an edit list."""
    with av.open(str(source)) as old, av.open(str(target), 'w') as new:
        stream = old.streams.video[0]
        copy = new.add_stream_from_template(stream)
        packets = [p for p in old.demux(stream) if p.size]
        shift = round(start / stream.time_base)
        key = max(p.pts for p in packets if p.is_keyframe and p.pts <= shift)
        for packet in packets:
            if packet.pts < key:
                continue
            packet.pts -= shift
            packet.dts -= shift
            packet.stream = copy
            new.mux(packet)


@pytest.mark.parametrize('options', [dict(g='20', bf='0'), dict(g='20', bf='2')])
def test_a_cut_clip_has_its_visible_frames_only(
    tmp_path, write_numbered, numbers_of, options
):
    whole = write_numbered(tmp_path / 'whole.mp4', EVEN, **options)
    clip = tmp_path / 'clip.mp4'
    cut_without_encoding(whole, clip, 31 / 25)
    # decord does not know which frames are hidden
    assert len(decord.VideoReader(str(clip))) > 9
    with open_frames(str(clip)) as reader:
        assert numbers_of(reader.read(range(len(reader)))) == list(range(31, 40))
        assert reader.timestamps == pytest.approx(EVEN[:9], abs=1e-3)


@pytest.mark.parametrize('rotation', [90, -90, 180])
def test_a_phones_video_is_upright(tmp_path, write_numbered, rotation):
    path = write_numbered(tmp_path / 'v.mp4', EVEN[:9], rotation=rotation)
    with open_frames(str(path)) as turned:
        (frame,) = turned.read([3])
        assert turned.shape == frame.shape[:2]
    upright = write_numbered(tmp_path / 'u.mp4', EVEN[:9])
    with open_frames(str(upright)) as reader:
        (expected,) = reader.read([3])
    assert np.array_equal(frame, np.rot90(expected, rotation // 90))


# -- size ---------------------------------------------------------------------

LARGE = (288, 432)


def picture(height, width, time):
    """Smooth, every place and time of its own colour."""
    y, x = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    return np.stack([255 * x, 255 * y, 127 * (x + time)], -1).astype(np.uint8)


@pytest.fixture(scope='module', params=['MJPG', 'XVID'])
def large_video(request, tmp_path_factory):
    path = str(tmp_path_factory.mktemp('large') / 'v.avi')
    fourcc = cv2.VideoWriter_fourcc(*request.param)
    writer = cv2.VideoWriter(path, fourcc, 10, LARGE[::-1])
    for i in range(24):
        writer.write(picture(*LARGE, i / 24))
    writer.release()
    return path


def decode(path, short_side=None):
    with open_frames(path, short_side=short_side) as reader:
        return reader.read([2, 3, 13, 3])


@pytest.mark.parametrize(
    'short_side, shape', [(144, (144, 216)), (100, (100, 150)), (48, (48, 72))]
)
def test_small_frames_are_the_large_ones_made_smaller(large_video, short_side, shape):
    for small, full in zip(decode(large_video, short_side), decode(large_video)):
        area = cv2.resize(full, shape[::-1], interpolation=cv2.INTER_AREA)
        assert small.shape == area.shape
        assert np.abs(small.astype(int) - area).max() <= 8


@pytest.mark.parametrize('short_side', [None, 145, 288, 1000])
def test_full_frames_are_those_of_decord(large_video, short_side):
    theirs = decord.VideoReader(large_video).get_batch([2, 3, 13, 3]).asnumpy()
    assert np.array_equal(decode(large_video, short_side), theirs)


# -- damage -------------------------------------------------------------------


def check(path):
    """Open a video and read all of it."""
    with open_frames(str(path)) as reader:
        reader.read(range(len(reader)))


@pytest.mark.parametrize(
    'name, codec',
    [
        ('v.avi', 'mpeg4'),
        ('v.avi', 'mjpeg'),
        ('v.mkv', 'libx264'),
        ('v.mp4', 'libx264'),
    ],
)
@pytest.mark.parametrize('part', [0.4, 0.6, 0.9])
def test_a_file_that_was_cut_off_is_named(tmp_path, write_numbered, name, codec, part):
    path = write_numbered(tmp_path / name, EVEN, codec)
    content = path.read_bytes()
    path.write_bytes(content[: int(part * len(content))])
    with pytest.raises(UnreadableVideo, match=name):
        check(path)


def test_the_header_tells_a_file_that_was_cut_off():
    avi = b'RIFF' + struct.pack('<I', 0x40)
    assert not is_cut_off(avi, 0x48) and is_cut_off(avi, 0x47)
    # EBML of 2 bytes, and a segment of 5
    mkv = b'\x1a\x45\xdf\xa3\x82..\x18\x53\x80\x67\x85'
    assert not is_cut_off(mkv, 17) and is_cut_off(mkv, 16)
    unknown = mkv[:-1] + b'\xff'  # of a live recording
    assert not is_cut_off(unknown, 12)
    for head in (b'', b'RIFF', b'\x1a\x45\xdf\xa3', mkv[:7]):
        assert not is_cut_off(head, len(head))


@pytest.mark.parametrize('name', ['v.avi', 'v.mp4', 'v.mkv'])
def test_a_damaged_frame_is_never_replaced(tmp_path, name):
    rng, path = np.random.default_rng(0), tmp_path / name
    with av.open(str(path), 'w') as container:
        stream = container.add_stream('mpeg4', rate=25, options=dict(g='12'))
        stream.height, stream.width, stream.pix_fmt = 64, 96, 'yuv420p'
        stream.bit_rate = 1_000_000
        for _ in range(30):
            noise = rng.integers(0, 256, (8, 12, 3), np.uint8)
            frame = cv2.resize(noise, (96, 64), interpolation=cv2.INTER_NEAREST)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame)))
        container.mux(stream.encode())
    content = path.read_bytes()
    for at in np.linspace(0.3, 0.7, 5):
        start = int(at * len(content))
        path.write_bytes(content[:start] + bytes(300) + content[start + 300 :])
        with pytest.raises(UnreadableVideo, match=name):
            check(path)


CRASHING = """
import sys
from mmbimodal.datasets import open_frames
from mmbimodal.errors import InputError
for path in sys.argv[1:]:
    try:
        with open_frames(path) as reader:
            reader.read(range(len(reader)))
    except InputError:
        pass
print('alive')
"""


def test_no_damaged_file_takes_the_process_down(tmp_path, write_numbered):
    """RIFF sizes that are 0, wrong or corrected; zeros, noise, cuts."""
    rng, paths = np.random.default_rng(0), []
    for name, codec in [
        ('a.avi', 'mpeg4'),
        ('b.avi', 'mjpeg'),
        ('c.mkv', 'libx264'),
        ('d.mkv', 'mjpeg'),
        ('e.mp4', 'libx264'),
    ]:
        content = write_numbered(tmp_path / name, EVEN, codec).read_bytes()
        size = len(content)
        cut = bytearray(content[: size // 2])
        damages = [bytes(cut), content[: size // 2] + bytes(size - size // 2)]
        if name.endswith('.avi'):
            for riff in (0, len(cut) - 8, 2**32 - 1):
                damages.append(cut[:4] + struct.pack('<I', riff) + cut[8:])
                damages.append(content[:4] + struct.pack('<I', riff) + content[8:])
        for _ in range(6):
            noisy = bytearray(content)
            start = rng.integers(0, size - 200)
            noisy[start : start + 200] = rng.bytes(200)
            damages.append(bytes(noisy))
        for i, damage in enumerate(damages):
            paths.append(tmp_path / f'{i}_{name}')
            paths[-1].write_bytes(damage)
    result = subprocess.run(
        [sys.executable, '-c', CRASHING, *map(str, paths)],
        capture_output=True,
        text=True,
        env=dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path)),
    )
    assert result.stdout == 'alive\n', result.stderr


# -- grey levels --------------------------------------------------------------


@pytest.fixture
def ramp(tmp_path):
    """A 16-bit ramp of 1100 values as a video and as two folders of images."""
    values = np.tile(np.linspace(7000, 8099, 1100).astype(np.uint16), (16, 1))
    paths = dict(video=tmp_path / 'v.mkv', tif=tmp_path / 'tif', png=tmp_path / 'png')
    with av.open(str(paths['video']), 'w') as container:
        stream = container.add_stream('ffv1', rate=25)
        stream.height, stream.width, stream.pix_fmt = 16, 1100, 'gray16le'
        for _ in range(3):
            frame = av.VideoFrame.from_ndarray(values, 'gray16le')
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    for suffix in ('tif', 'png'):
        paths[suffix].mkdir()
        for i in range(3):
            cv2.imwrite(str(paths[suffix] / f'{i}.{suffix}'), values)
    return paths


@pytest.mark.parametrize('kind', ['video', 'tif', 'png'])
def test_16_bits_keep_their_grey_levels_in_a_window(ramp, kind):
    with open_frames(str(ramp[kind]), value_window=(7000, 8099)) as reader:
        frame = reader.read([1])[0]
    assert frame.shape == (16, 1100, 3) and frame.dtype == np.uint8
    assert len(np.unique(frame)) == 256
    assert (frame[0, [0, -1]] == [[0], [255]]).all()
    with open_frames(str(ramp[kind]), value_window=(7500, 7600)) as reader:
        frame = reader.read([1])[0]
    assert not frame[0, :500].any() and (frame[0, 601:] == 255).all()


@pytest.mark.parametrize('kind', ['video', 'tif', 'png'])
def test_16_bits_without_a_window_are_refused(ramp, kind):
    with (
        open_frames(str(ramp[kind])) as reader,
        pytest.raises(InputError, match='7000 to 8099.*value_windows') as error,
    ):
        reader.read([0])
    assert not isinstance(error.value, UnreadableVideo)


def test_a_window_for_colours_is_refused(tmp_path, write_numbered):
    path = write_numbered(tmp_path / 'v.mp4', EVEN[:3])
    with (
        open_frames(str(path), value_window=(0, 100)) as reader,
        pytest.raises(InputError, match=r'v\.mp4 holds colours'),
    ):
        reader.read([0])


# -- folders of images ----------------------------------------------------------


def write_images(folder, names):
    folder.mkdir()
    for i, name in enumerate(names):
        cv2.imwrite(str(folder / name), np.full((20, 30, 3), (i, 0, 200), np.uint8))


def test_images_come_in_the_order_of_their_numbers(tmp_path):
    names = ['img_9.png', 'img_10.png', 'img_2.png', 'img_100.png']
    write_images(tmp_path / 'f', names)
    (tmp_path / 'f' / 'notes.txt').write_text('not an image')
    with open_frames(str(tmp_path / 'f')) as reader:
        assert len(reader) == 4 and reader.timestamps is None
        frames = reader.read([0, 1, 2, 3])
    assert [frame[0, 0].tolist() for frame in frames] == [
        [200, 0, 2],
        [200, 0, 0],
        [200, 0, 1],
        [200, 0, 3],
    ]


@pytest.mark.parametrize(
    'names',
    [
        ['img_1.jpg', 'x_1.jpg', 'y_1.jpg'],
        ['1.jpg', '1.png'],
        ['cam1_0001.png', 'cam2_0001.png'],
        ['0001_rgb.png', '0001_ir.png'],
    ],
)
def test_images_of_several_kinds_are_refused(tmp_path, names):
    write_images(tmp_path / 'f', names)
    with pytest.raises(InputError, match=f'holds images of {len(names)} kinds'):
        open_frames(str(tmp_path / 'f'))


def test_an_empty_folder_and_a_damaged_image_are_named(tmp_path):
    (tmp_path / 'f').mkdir()
    with pytest.raises(UnreadableVideo, match='holds no image'):
        open_frames(str(tmp_path / 'f'))
    (tmp_path / 'f' / '1.png').write_text('no image')
    with pytest.raises(UnreadableVideo, match=r'1\.png is no image'):
        open_frames(str(tmp_path / 'f')).read([0])


# -- times ----------------------------------------------------------------------


def test_nearest_frames_by_hand():
    times = np.array([0.0, 0.1, 0.4])
    moments = np.array([[-1, 0.04, 0.05, 0.06], [0.2, 0.26, 0.4, 9]])
    assert nearest(times, moments).tolist() == [[0, 0, 0, 1], [1, 2, 2, 2]]
    assert nearest(times[:1], moments[0]).tolist() == [0, 0, 0, 0]
