"""Damages that videos and folders of images suffer, each from a seed."""

import random
import shutil
import struct
import wave
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

SIZE, FPS = (64, 96), 10
CODECS = {'.avi': 'mjpeg', '.mkv': 'libx264', '.mp4': 'libx264', '.mov': 'mpeg4'}


def write_sound(
    path: Path,
    frames: int = 24,
    size: tuple[int, int] = SIZE,
    times: Sequence[float] | None = None,
) -> None:
    """Write a sound video, or folder of images where the path has no suffix.

    Args:
        path: Where to.
        frames: Their number.
        size: Height and width.
        times: Time of each frame in seconds; default: evenly, 10 per second.
    """
    times = [i / FPS for i in range(frames)] if times is None else times
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 256, (len(times), 8, 12, 3), np.uint8)
    pictures = [cv2.resize(picture, size[::-1]) for picture in pictures]
    if not path.suffix:
        path.mkdir(parents=True)
        for i, picture in enumerate(pictures):
            cv2.imwrite(str(path / f'img_{i:05}.jpg'), picture)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    codec = CODECS[path.suffix]
    # AVI numbers its frames and has no times
    ticks = Fraction(1, FPS if path.suffix == '.avi' else 1000)
    with av.open(str(path), 'w') as container:
        stream = container.add_stream(codec, rate=FPS, options={'g': '8'})
        stream.height, stream.width = size
        stream.pix_fmt = 'yuvj420p' if codec == 'mjpeg' else 'yuv420p'
        stream.codec_context.time_base = ticks
        for time, picture in zip(times, pictures):
            frame = av.VideoFrame.from_ndarray(picture)
            frame.pts, frame.time_base = round(time / ticks), ticks
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def _bytes(change: Callable[[bytearray, random.Random], bytes]) -> Callable:
    """A damage that changes the bytes of a video."""

    def damage(path: Path, rng: random.Random) -> None:
        write_sound(path)
        path.write_bytes(change(bytearray(path.read_bytes()), rng))

    return damage


def _cut(content: bytearray, rng: random.Random) -> bytes:
    return content[: rng.randrange(100, len(content))]


def _cut_and_hidden(content: bytearray, rng: random.Random) -> bytes:
    """Cut, and the header of an AVI says that it is whole."""
    content = bytearray(_cut(content, rng))
    if content[:4] == b'RIFF':
        struct.pack_into('<I', content, 4, len(content) - 8)
    return content


def _no_size(content: bytearray, rng: random.Random) -> bytes:
    """As a recorder leaves it that lost its power."""
    if content[:4] == b'RIFF':
        struct.pack_into('<I', content, 4, 0)
    return content[: rng.choice((len(content), len(content) // 2))]


def _hollow(content: bytearray, rng: random.Random) -> bytes:
    """Reserved at full length, copied in part."""
    return bytes(_cut(content, rng)).ljust(len(content), b'\0')


def _hole(content: bytearray, rng: random.Random) -> bytes:
    at = rng.randrange(len(content))
    length = min(rng.choice((200, 2000)), len(content) - at)
    content[at : at + length] = bytes(length)
    return content


def _noise(content: bytearray, rng: random.Random) -> bytes:
    at = rng.randrange(len(content))
    length = min(rng.choice((20, 500)), len(content) - at)
    content[at : at + length] = rng.randbytes(length)
    return content


def _flips(content: bytearray, rng: random.Random) -> bytes:
    for _ in range(20):
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    return content


def _removed(content: bytearray, rng: random.Random) -> bytes:
    at = rng.randrange(len(content))
    del content[at : at + rng.choice((1, 512, 3000))]
    return content


def _doubled(content: bytearray, rng: random.Random) -> bytes:
    at = rng.randrange(len(content))
    return content[:at] + content[at : at + 1000] + content[at:]


def _no_head(content: bytearray, rng: random.Random) -> bytes:
    content[:64] = bytes(64)
    return content


def _no_index(content: bytearray, rng: random.Random) -> bytes:
    """Without the table at the end of AVI and MP4."""
    marks = [content.rfind(mark) for mark in (b'idx1', b'moov', b'\x1c\x53\xbb\x6b')]
    at = max(marks)
    return content[: at - 4] if at > 0 else content[:-500]


def _sound(path: Path, rng: random.Random) -> None:
    write_sound(path)


def _short(path: Path, rng: random.Random) -> None:
    write_sound(path, frames=rng.randrange(1, 8))


def _audio(path: Path, rng: random.Random) -> None:
    with wave.open(str(path), 'wb') as f:
        f.setparams((1, 2, 8000, 0, 'NONE', ''))
        f.writeframes(bytes(16000))


def _other_container(path: Path, rng: random.Random) -> None:
    """A sound file under the suffix of another kind."""
    other = path.with_suffix('.mkv' if path.suffix != '.mkv' else '.mp4')
    write_sound(other)
    other.rename(path)


def _text(path: Path, rng: random.Random) -> None:
    path.write_text('this is a text file\n' * rng.randrange(1, 999))


def _broken_images(path: Path, rng: random.Random) -> None:
    """A folder of images of which one is cut, empty, a text or of another kind."""
    path = path.with_suffix('')
    write_sound(path)
    image = path / f'img_{rng.randrange(24):05}.jpg'
    kind = rng.randrange(4)
    content = image.read_bytes()
    if kind == 3:
        shutil.copy(image, path / 'x_00001.jpg')
    else:
        image.write_bytes((content[:20], b'', b'no image')[kind])


def _few_images(path: Path, rng: random.Random) -> None:
    path = path.with_suffix('')
    path.mkdir()
    for i in range(rng.randrange(5)):
        cv2.imwrite(str(path / f'{i}.png'), np.zeros((*SIZE, 3), np.uint8))


DAMAGES = dict(
    sound=_sound,
    other_container=_other_container,
    empty=_bytes(lambda content, rng: b''),
    text=_text,
    random_bytes=_bytes(lambda content, rng: rng.randbytes(len(content))),
    audio=_audio,
    short=_short,
    cut=_bytes(_cut),
    cut_late=_bytes(lambda content, rng: content[: -rng.randrange(1, 300)]),
    cut_and_hidden=_bytes(_cut_and_hidden),
    no_size=_bytes(_no_size),
    hollow=_bytes(_hollow),
    hole=_bytes(_hole),
    noise=_bytes(_noise),
    flips=_bytes(_flips),
    removed=_bytes(_removed),
    doubled=_bytes(_doubled),
    no_head=_bytes(_no_head),
    no_index=_bytes(_no_index),
    trailing=_bytes(lambda content, rng: bytes(content) + rng.randbytes(999)),
    broken_images=_broken_images,
    few_images=_few_images,
)
"""Kind of damage → writes a damaged file, or folder where there is no suffix."""

SUFFIXES = ('.avi', '.mp4', '.mkv', '.mov')


def write_damaged(folder: Path, kind: str, seed: int) -> Path:
    """Write one damaged file; returns its path."""
    path = folder / f'{kind}_{seed}{SUFFIXES[seed % len(SUFFIXES)]}'
    folder.mkdir(parents=True, exist_ok=True)
    DAMAGES[kind](path, random.Random(f'{kind} {seed}'))
    return path.with_suffix('') if path.with_suffix('').is_dir() else path
