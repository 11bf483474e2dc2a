"""Windows that slide over a long sample."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from mmbimodal.errors import InputError
from mmbimodal.structures import even_times

from .frames import nearest
from .shared_frames import SharedFrames
from .transforms import SyncSample


class SlidingWindows:
    """Each window as a pipeline loads it, every frame decoded once.

    A window is the piece of the sample from ``start`` to ``start + window`` on its
    common clock: what the pipeline makes of it is what it makes of a sample with this
    ``start`` and ``end``. Files are opened once. Use it in a ``with`` statement.

    Args:
        transforms (Sequence[Callable]): Those of the pipeline. ``SyncSample`` is one of
            them, and those before it open the files.
        sample (Mapping): Of :func:`~mmbimodal.datasets.sample.build_sample`, with
            ``start`` and ``end`` where only a piece of the files counts. Not modified.
        window (float): Length of a window in seconds.
        stride (float): Seconds from the start of a window to that of the next.

    Attributes:
        starts (np.ndarray): When each window starts, in seconds on the common clock, N.
        span (tuple[float, float]): Common time of the modalities in seconds.
        durations (dict[str, float]): Seconds from the first to the last frame that the
            sample has of each modality.
        step (float): Seconds from a frame of the fastest modality to the next.
        ticks (np.ndarray): Moments of these frames in the common time, in seconds.

    Raises:
        UnreadableVideo: A file cannot be read, or there is no common time.
        InputError: The window is longer than the common time, the stride is not
            positive, or the pipeline has no ``SyncSample``.
    """

    def __init__(
        self,
        transforms: Sequence[Callable],
        sample: Mapping[str, Any],
        window: float,
        stride: float,
    ) -> None:
        for name, value in dict(window=window, stride=stride).items():
            if not (value > 0 and math.isfinite(value)):
                raise InputError(f'the {name} is {value:g} s: give more than 0 seconds')
        sync = next((x for x in transforms if isinstance(x, SyncSample)), None)
        if sync is None:
            raise InputError(
                'the test pipeline has no SyncSample, which puts windows on a clock: '
                'use a model whose config has one'
            )
        at = [*transforms].index(sync)
        self.window = window
        self._later = transforms[at:]
        self._opened: Any = dict(sample)
        for transform in transforms[:at]:
            self._opened = transform(self._opened)
        self._frames = self._share_readers()
        try:
            clock = sync.clock(self._opened)
            self._times = clock.times
            self.span, self.step = (clock.first, clock.last), clock.step
            self.ticks = clock.ticks
            self.durations = clock.durations
            self.starts = self._list_starts(stride)
        except InputError:
            self.close()
            raise

    def __len__(self) -> int:
        return len(self.starts)

    def __getitem__(self, number: int) -> dict[str, Any]:
        """A window as the pipeline packs it.

        Windows come in order: after :meth:`drop` there are no earlier ones.

        Raises:
            UnreadableVideo: A frame of it cannot be decoded, or there are too few.
        """
        start = float(self.starts[number])
        piece: Any = dict(self._opened, start=start, end=start + self.window)
        for transform in self._later:
            piece = transform(piece)
        return piece

    def __enter__(self) -> 'SlidingWindows':
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    @property
    def has_pictures(self) -> bool:
        """Whether a modality has frames: joints have none."""
        return bool(self._frames)

    def pictures(self, moment: float) -> dict[str, np.ndarray]:
        """The nearest frame of each modality that has frames.

        Args:
            moment (float): Seconds on the common clock, none that is dropped.

        Returns:
            dict[str, np.ndarray]: Modality → H×W×3, RGB, uint8.
        """
        return {
            name: frames.read([self._nearest(name, moment)])[0]
            for name, frames in self._frames.items()
        }

    def drop(self, moment: float) -> None:
        """Forget the frames of which no moment from this one on is the nearest."""
        for name, frames in self._frames.items():
            frames.drop(self._nearest(name, moment))

    def close(self) -> None:
        """Close the files."""
        for frames in self._frames.values():
            frames.close()

    def _nearest(self, name: str, moment: float) -> int:
        return int(nearest(self._times[name], np.array(moment)))

    def _share_readers(self) -> dict[str, SharedFrames]:
        """Put a ring of frames in the place of each reader."""
        shared, modalities = {}, dict(self._opened['modalities'])
        for name, inner in modalities.items():
            if inner is not None and 'video_reader' in inner:
                shared[name] = SharedFrames(inner['video_reader'])
                modalities[name] = dict(inner, video_reader=shared[name])
        self._opened = dict(self._opened, modalities=modalities)
        return shared

    def _list_starts(self, stride: float) -> np.ndarray:
        """Starts of the windows that lie in the common time; a frame may lack."""
        first, last = self.span
        left = last - first - self.window + self.step / 2
        if left < 0:
            raise InputError(
                f'the window of {self.window:g} s is longer than the '
                f'{last - first:.2f} s that the files have in common: give a shorter '
                'one'
            )
        return even_times(first, stride, math.floor(left / stride + 1e-6) + 1)
