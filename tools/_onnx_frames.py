"""Frames of videos as the package samples and scales them, by numpy and decord.

What the package's ``OpenVideo``, ``SyncSample``, ``DecodeVideo``, ``SyncResize`` and
MMAction2's transforms do, for machines that have neither.
"""

import os
from collections.abc import Mapping, Sequence
from typing import Any

import decord
import numpy as np

# Weights of cv2.resize for bytes, as parts of this number.
_UNIT = 2048


class UnusableInput(ValueError):
    """A model or a video of no use; the message is one sentence."""


class Clip:
    """One modality of a sample on its way through the pipeline.

    Args:
        name (str): Of the modality.
        path (str): Of the video.

    Attributes:
        frames (np.ndarray): (V·T)×H×W×3, RGB, uint8, once they are decoded; what the
            model takes in the end.
        indices (np.ndarray): V·T frames of the video, once they are sampled.
        views (int): V.
    """

    frames: np.ndarray
    indices: np.ndarray
    views: int

    def __init__(self, name: str, path: str) -> None:
        if not os.path.isfile(path):
            raise UnusableInput(f'{path}, the {name}, is no file: check the path')
        self.name, self.path = name, path

    def open(self, short_side: int | None = None) -> None:
        """Find the times of all frames, in seconds."""
        try:
            self._reader = decord.VideoReader(self.path, num_threads=1)
            height, width = self._reader[0].shape[:2]
        except (decord.DECORDError, RuntimeError) as error:
            raise UnusableInput(
                f'{self.path} cannot be read: it is damaged or no video'
            ) from error
        self._size = (height, width)
        if short_side and min(height, width) >= 2 * short_side:
            scale = short_side / min(height, width)
            self._size = (round(height * scale), round(width * scale))
        count = len(self._reader)
        starts = self._reader.get_frame_timestamp(range(count))[:, 0]
        self.times = (starts - starts[0]).astype(np.float64)
        # decord has times in float32: those of an even rate are known better.
        even = np.arange(count) / self._reader.get_avg_fps()
        if np.allclose(self.times, even, rtol=1e-6, atol=1e-6):
            self.times = even

    def decode(self) -> None:
        """Decode the sampled frames."""
        frames = self._reader.get_batch(self.indices).asnumpy()
        self.frames = np.stack([shrink(x, *self._size) for x in frames])
        del self._reader

    def resize(self, width: int, height: int) -> None:
        """Scale all frames."""
        self.frames = np.stack([resize(x, height, width) for x in self.frames])

    def crop(self, crop_size: int | Sequence[int]) -> None:
        """Cut out the centre; a size is one number or width and height."""
        width, height = np.broadcast_to(crop_size, 2)
        top, left = (
            (a - b) // 2 for a, b in zip(self.frames.shape[1:3], (height, width))
        )
        self.frames = self.frames[:, top : top + height, left : left + width]

    def format(self, input_format: str) -> None:
        """Order the axes: V×3×T×H×W, or images (V·T)×3×H×W."""
        if input_format == 'NCHW':
            self.frames = self.frames.transpose(0, 3, 1, 2)
        elif input_format == 'NCTHW':
            # (V·T)×H×W×3 -> V×T×H×W×3 -> V×3×T×H×W
            clips = self.frames.reshape(self.views, -1, *self.frames.shape[1:])
            self.frames = clips.transpose(0, 4, 1, 2, 3)
        else:
            raise TypeError(input_format)


def sample(clips: Mapping[str, Clip], transforms: list[dict[str, Any]]) -> None:
    """``SyncSample`` with ``UniformSample``: the same moments of every modality."""
    [options] = transforms
    if options['type'] != 'UniformSample' or not options.get('test_mode'):
        raise TypeError(options)
    length, views = options['clip_len'], options.get('num_clips', 1)
    ticks = common_clock({clip.path: clip.times for clip in clips.values()})
    segment = (len(ticks) - 1) / length
    within = [int(segment / (views + 1) * (k + 1)) for k in range(views)]
    starts = [int(np.round(segment * i)) for i in range(length)]
    moments = ticks[[start + shift for shift in within for start in starts]]
    for clip in clips.values():
        middles = (clip.times[1:] + clip.times[:-1]) / 2
        clip.indices, clip.views = np.searchsorted(middles, moments), views
        reach = (ticks[1] - ticks[0]) / 2 if len(ticks) > 1 else np.inf
        inside = (clip.times >= ticks[0] - reach) & (clip.times <= ticks[-1] + reach)
        if inside.sum() < length:
            raise UnusableInput(
                f'{clip.path} has {inside.sum()} frames, a clip takes {length}: give '
                'a longer video'
            )


def common_clock(times: Mapping[str, np.ndarray]) -> np.ndarray:
    """Ticks at the rate of the fastest video, over the time that all have, in seconds.

    Args:
        times (Mapping[str, np.ndarray]): Times of the frames of each video.
    """
    steps = {path: _step(x) for path, x in times.items()}
    step = min(steps.values())
    step = 1.0 if step == np.inf else step
    first = max(x[0] for x in times.values())
    # A frame lasts until the next one.
    last = min(x[-1] + max(steps[path], step) for path, x in times.items())
    last = first + step if last == np.inf else last
    count = round((last - first) / step)
    if count < 1:
        raise UnusableInput(
            f'{" and ".join(times)} have no time in common: give videos of one moment'
        )
    return first + step * np.arange(count)


def _step(times: np.ndarray) -> float:
    """Usual time from one frame to the next."""
    if len(times) == 1:
        return np.inf
    mean = (times[-1] - times[0]) / (len(times) - 1)
    even = times[0] + mean * np.arange(len(times))
    if np.abs(times - even).max() < mean / 2:
        return float(mean)
    return float(np.median(np.diff(times)))


def resize_all(
    clips: Mapping[str, Clip],
    short_side: int | Sequence[int],
    max_distortion: float = 1.2,
    reference: str | None = None,
) -> None:
    """``SyncResize``: the size of the first modality, scaled, for all of them."""
    [side] = {*np.ravel(short_side)}
    model = clips.get(reference or '') or next(iter(clips.values()))
    height, width = model.frames.shape[1:3]
    scale = side / min(height, width)
    size = (int(width * scale + 0.5), int(height * scale + 0.5))
    for clip in clips.values():
        h, w = clip.frames.shape[1:3]
        factor = (w / h) / (width / height)
        if max(factor, 1 / factor) > max_distortion:
            raise UnusableInput(
                f'{clip.path} ({w}x{h}) would be stretched by '
                f'{max(factor, 1 / factor):.2f} to the shape of {model.path} '
                f'({width}x{height}): rotate or crop it'
            )
    for clip in clips.values():
        clip.resize(*size)


def resize_one(clip: Clip, scale: Sequence[int], keep_ratio: bool) -> None:
    """``Resize`` to a fixed width and height."""
    if keep_ratio:
        raise TypeError(keep_ratio)
    clip.resize(*scale)


def resize(frame: np.ndarray, height: int, width: int) -> np.ndarray:
    """The bilinear ``cv2.resize`` of bytes, to the last bit.

    Args:
        frame (np.ndarray): H×W×C, uint8.
        height (int): H'.
        width (int): W'.

    Returns:
        np.ndarray: H'×W'×C, uint8.
    """
    if frame.shape[:2] == (height, width):
        return frame
    top, bottom, weights_y = _neighbours(frame.shape[0], height)
    left, right, weights_x = _neighbours(frame.shape[1], width, border=True)
    values = frame.astype(np.int64)
    # H×W×C -> H×W'×C
    rows = (
        values[:, left] * weights_x[0, :, None]
        + values[:, right] * weights_x[1, :, None]
    ) >> 4
    # -> H'×W'×C
    pixels = (rows[top] * weights_y[0, :, None, None] >> 16) + (
        rows[bottom] * weights_y[1, :, None, None] >> 16
    )
    return ((pixels + 2) >> 2).clip(0, 255).astype(np.uint8)


def shrink(frame: np.ndarray, height: int, width: int) -> np.ndarray:
    """Scale down with the bicubic filter of FFmpeg, in RGB instead of YUV.

    Args:
        frame (np.ndarray): H×W×3, uint8.
        height (int): H'.
        width (int): W'.

    Returns:
        np.ndarray: H'×W'×3, uint8.
    """
    if frame.shape[:2] == (height, width):
        return frame
    rows, columns = (_bicubic(*x) for x in zip(frame.shape, (height, width)))
    # H'×H · H×(W·3) -> H'×W×3; W'×W · H'×W×3 -> H'×W'×3
    tall = (rows @ frame.reshape(len(frame), -1)).reshape(height, -1, 3)
    return np.rint(columns @ tall).clip(0, 255).astype(np.uint8)


def _bicubic(old: int, new: int) -> np.ndarray:
    """Weights of the old pixels in each new one, new×old, of Keys' a = −0.6."""
    step = old / new
    centres = (np.arange(new) + 0.5) * step - 0.5
    reach = int(2 * step) + 2
    pixels = np.floor(centres).astype(int)[:, None] + np.arange(-reach, reach + 1)
    x = np.abs(pixels - centres[:, None]) / step
    near = (1.4 * x - 2.4) * x**2 + 1
    far = -0.6 * (((x - 5) * x + 8) * x - 4)
    values = np.where(x < 1, near, np.where(x < 2, far, 0))
    weights = np.zeros((new, old))
    # Beyond the border its pixels are repeated.
    np.add.at(weights, (np.arange(new)[:, None], pixels.clip(0, old - 1)), values)
    return weights / weights.sum(axis=1, keepdims=True)


def _neighbours(
    old: int, new: int, border: bool = False
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Both old pixels of each new one, and their weights, 2×new.

    Along x, ``border``, OpenCV takes one pixel alone outside of the centres.
    """
    place = ((np.arange(new) + 0.5) * (old / new) - 0.5).astype(np.float32)
    first = np.floor(place).astype(int)
    share = place - first
    if border:
        share[(first < 0) | (first >= old - 1)] = 0
    weights = np.rint(np.stack((1 - share, share)) * _UNIT).astype(np.int64)
    return first.clip(0, old - 1), (first + 1).clip(0, old - 1), weights
