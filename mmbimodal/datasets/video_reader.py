"""Exact frames of a video, and the times at which they are shown."""

import os.path as osp
from collections.abc import Iterator, Sequence

import av
import numpy as np

from mmbimodal.errors import InputError, UnreadableVideo

from .container import HEAD, is_cut_off
from .grey_levels import map_grey_levels

# For less, scaling each frame well costs more than the pixels it saves.
_WORTHWHILE = 2


class VideoReader:
    """Random access to the frames of a video file, by PyAV.

    Frames and times are those that a player shows: presentation time stamps, edit
    lists and the rotation of a phone's video are applied. A frame that cannot be
    decoded is an error and never replaced by a neighbour. FFmpeg opens the file by
    its path: decoders that read damaged files from memory have crashed.

    Args:
        path (str): The file.
        short_side (int, optional): Short side in pixels of the frames to return.
            FFmpeg scales them before it converts them to RGB. Videos of less than
            twice this size keep theirs. Defaults to None: all keep theirs.
        value_window (Sequence[float], optional): See
            :func:`~mmbimodal.datasets.grey_levels.map_grey_levels`.

    Attributes:
        timestamps (np.ndarray): Time of each frame in seconds, N, ascending; the
            first is 0.
        shape (tuple[int, int]): Height and width as a player shows them, once a
            frame was read.

    Raises:
        UnreadableVideo: The file is damaged, cut off or no video.
    """

    def __init__(
        self,
        path: str,
        short_side: int | None = None,
        value_window: Sequence[float] | None = None,
    ) -> None:
        self.path = path
        self.short_side = short_side
        self.value_window = value_window
        self.shape = (0, 0)
        self._open()
        try:
            self._index()
        except av.FFmpegError as error:
            raise self._unreadable(_reason(error)) from error
        self._tick = float(self._stream.time_base or 1)  # in seconds
        self.timestamps = (self._pts - self._pts[0]) * self._tick

    def __len__(self) -> int:
        return len(self._pts)

    def __enter__(self) -> 'VideoReader':
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    @property
    def avg_fps(self) -> float:
        """Frames per second, on average."""
        if len(self) > 1:
            return float((len(self) - 1) / self.timestamps[-1])
        return float(self._stream.average_rate or 0)

    def read(self, indices: Sequence[int]) -> list[np.ndarray]:
        """Decode frames.

        Args:
            indices (Sequence[int]): Which, from 0 to N - 1, in any order.

        Returns:
            list[np.ndarray]: One for each index, H×W×3, RGB, uint8.

        Raises:
            UnreadableVideo: One of them cannot be decoded.
            InputError: The frames hold more than 8 bits of grey, and there is no
                ``value_window``, or they are coloured, and there is one.
        """
        pictures: dict[int, np.ndarray] = {}
        try:
            for i in sorted({int(i) for i in indices}):
                pictures[i] = self._picture(self._frame(int(self._pts[i])))
        except av.FFmpegError as error:
            raise self._unreadable(_reason(error)) from error
        # Transforms write into frames: a frame that is asked for twice is two.
        return [pictures[int(i)].copy() for i in indices]

    def check(self, count: int) -> None:
        """Decode the first frames, without a look at their pixels.

        Args:
            count (int): How many.

        Raises:
            UnreadableVideo: One of them cannot be decoded.
        """
        try:
            for pts in self._pts[:count]:
                self._set_shape(self._frame(int(pts)))
        except av.FFmpegError as error:
            raise self._unreadable(_reason(error)) from error

    def close(self) -> None:
        """Close the file."""
        self._container.close()

    def _open(self) -> None:
        """Open the file at its start."""
        try:
            self._container = av.open(self.path)
        except (av.FFmpegError, OSError) as error:
            raise self._unreadable(_reason(error)) from error
        if not self._container.streams.video:
            raise self._unreadable('it holds no video stream')
        self._stream = self._container.streams.video[0]
        if self._stream.codec_context is None:
            raise self._unreadable('it is in a format that FFmpeg does not know')
        # The workers of a data loader are the better use of a CPU.
        self._stream.thread_count = 1
        if self._stream.codec_context.name == 'mjpeg':
            # Other decoders mark damaged frames, this one only says so when asked.
            self._stream.codec_context.options = {'err_detect': 'explode'}
        self._frames: Iterator[av.VideoFrame] = self._container.decode(self._stream)
        self._position: int | None = None  # time stamp of the last decoded frame

    def _index(self) -> None:
        """Find the time stamps of the visible frames, and of the key frames."""
        declared = self._stream.frames
        # Without their data, which would be the whole file.
        packets = [
            (p.pts, p.is_keyframe, p.is_discard)
            for p in self._container.demux(self._stream)
            if p.size
        ]
        with open(self.path, 'rb') as f:
            cut_off = is_cut_off(f.read(HEAD), osp.getsize(self.path))
        # Headers are often off by a frame or two.
        lacking = declared - len(packets)
        if cut_off or lacking > max(2, 0.05 * declared):
            found = f', {len(packets)} of {declared} frames' if lacking > 0 else ''
            raise self._unreadable(
                f'it is shorter than its header says{found}', truncated=True
            )
        shown = [pts for pts, _, discarded in packets if not discarded]
        visible = [t for t in shown if t is not None]
        keys = [pts for pts, key, _ in packets if key and pts is not None]
        if len(set(visible)) < len(shown):
            # AVI numbers the packets and not the frames, which matters where frames
            # are stored in another order than they are shown in.
            self._open()
            shown = [frame.pts for frame in self._frames]
            visible = [t for t in shown if t is not None]
            keys = visible[:1]
            if len(visible) < len(shown):
                raise self._unreadable('its frames have no time stamps')
        if not keys:
            raise self._unreadable('it holds no key frame')
        self._keys = np.array(sorted(keys), np.int64)
        # Frames before the first key frame cannot be decoded.
        self._pts = np.array(sorted(t for t in visible if t >= min(keys)), np.int64)
        if not len(self._pts):
            raise self._unreadable('it holds no visible frame')

    def _frame(self, pts: int) -> av.VideoFrame:
        """The frame with this time stamp."""
        key = self._keys[np.searchsorted(self._keys, pts, 'right') - 1]
        at = self._position
        if at is None or not key <= at < pts:
            self._container.seek(int(key), stream=self._stream)
            self._frames = self._container.decode(self._stream)
        frame = self._advance(pts)
        if frame is None:
            # Some containers cannot seek to a given frame.
            self._open()
            frame = self._advance(pts)
        if frame is None or frame.is_corrupt:
            seconds = (pts - self._pts[0]) * self._tick
            raise self._unreadable(f'the frame at {seconds:.2f} s is damaged')
        return frame

    def _advance(self, pts: int) -> av.VideoFrame | None:
        """Decode up to a time stamp; None if there is no such frame."""
        for frame in self._frames:
            self._position = frame.pts
            if frame.pts is not None and frame.pts >= pts:
                return frame if frame.pts == pts else None
        return None

    def _set_shape(self, frame: av.VideoFrame) -> int:
        """Note the size that a player shows; quarter turns to get there."""
        quarter_turns = round(frame.rotation / 90) % 4
        size = (frame.height, frame.width)
        self.shape = size[::-1] if quarter_turns % 2 else size
        return quarter_turns

    def _picture(self, frame: av.VideoFrame) -> np.ndarray:
        """H×W×3, RGB, uint8."""
        quarter_turns = self._set_shape(frame)
        height, width = frame.height, frame.width
        component = frame.format.components[0]
        grey = frame.format.name.startswith('gray')
        if grey and (component.bits > 8 or self.value_window is not None):
            picture = map_grey_levels(_grey(frame), self.value_window, self.path)
        elif self.value_window is not None:
            raise InputError(
                f'{self.path} holds colours ({frame.format.name}), to which '
                'value_windows does not apply: leave this modality out of it'
            )
        else:
            if self.short_side and min(self.shape) >= _WORTHWHILE * self.short_side:
                scale = self.short_side / min(self.shape)
                height, width = round(height * scale), round(width * scale)
            picture = frame.reformat(
                width, height, 'rgb24', interpolation='BICUBIC', threads=1
            ).to_ndarray()
        return np.ascontiguousarray(np.rot90(picture, quarter_turns))

    def _unreadable(self, reason: str, truncated: bool = False) -> UnreadableVideo:
        return UnreadableVideo(
            f'{self.path} cannot be read ({reason}): it is damaged or no video; '
            'copy it again or leave it out',
            reason,
            truncated,
        )


def _reason(error: Exception) -> str:
    """What FFmpeg says, without the number of the error and the path."""
    return getattr(error, 'strerror', None) or str(error)


def _grey(frame: av.VideoFrame) -> np.ndarray:
    """Grey values as stored, H×W."""
    plane, order = frame.planes[0], '>' if frame.format.name.endswith('be') else '<'
    kind = 'f4' if 'f32' in frame.format.name else 'u2'
    if frame.format.components[0].bits == 8:
        kind = 'u1'
    values = np.frombuffer(memoryview(plane), order + kind)
    row = plane.line_size // values.itemsize  # rows are padded
    return values.reshape(-1, row)[: frame.height, : frame.width]
