from fractions import Fraction

import av
import numpy as np
import pytest


def numbered_frame(number, height=64, width=96):
    """A grey picture that says its number: 16 levels on the left, 16 right."""
    frame = np.empty((height, width, 3), np.uint8)
    frame[:, : width // 2] = 8 + 15 * (number % 16)
    frame[:, width // 2 :] = 8 + 15 * (number // 16)
    return frame


@pytest.fixture
def numbers_of():
    """Numbers of the frames that ``write_numbered`` wrote."""

    def numbers_of(frames):
        found = []
        for frame in frames:
            left, right = np.array_split(np.asarray(frame, float), 2, axis=1)
            low, high = (
                round((half[8:-8, 8:-8].mean() - 8) / 15) for half in (left, right)
            )
            found.append(16 * high + low)
        return found

    return numbers_of


@pytest.fixture
def write_numbered():
    """Writes a video whose frames say their numbers; returns its path."""

    def write(path, times, codec='libx264', rotation=0, size=(64, 96), **options):
        path.parent.mkdir(parents=True, exist_ok=True)
        rate = round((len(times) - 1) / times[-1])
        # AVI and MPEG-2 only number their frames
        numbered = path.suffix == '.avi' or codec == 'mpeg2video'
        ticks = Fraction(1, rate if numbered else 30000)
        with av.open(str(path), 'w') as container:
            stream = container.add_stream(codec, rate=rate, options=options)
            stream.height, stream.width = size
            stream.pix_fmt = dict(mjpeg='yuvj420p', gif='rgb8').get(codec, 'yuv420p')
            stream.codec_context.time_base = stream.time_base = ticks
            if codec.startswith('mpeg'):
                stream.bit_rate = 2_000_000
            if rotation:
                stream.set_display_rotation(rotation)
            for number, time in enumerate(times):
                frame = av.VideoFrame.from_ndarray(numbered_frame(number, *size))
                frame.pts, frame.time_base = round(time / ticks), ticks
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
        return path

    return write
