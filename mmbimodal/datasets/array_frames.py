"""Decoded frames, which are a video without a clock."""

from collections.abc import Sequence

import numpy as np

from mmbimodal.errors import InputError

from .grey_levels import map_grey_levels


class ArrayFrames:
    """The frames of an array.

    It is read like a :class:`~mmbimodal.datasets.video_reader.VideoReader`.

    Args:
        frames (np.ndarray): T×H×W×3, RGB, uint8, or grey values T×H×W. Not modified.
        name (str): What to call the array in a message.
        value_window (Sequence[float], optional): See
            :func:`~mmbimodal.datasets.grey_levels.map_grey_levels`.

    Attributes:
        timestamps (None): The frames have no time stamps.
        shape (tuple[int, int]): Height and width.

    Raises:
        InputError: The array has another shape or type.
    """

    timestamps = None
    avg_fps = None

    def __init__(
        self,
        frames: np.ndarray,
        name: str,
        value_window: Sequence[float] | None = None,
    ) -> None:
        colour = frames.ndim == 4 and frames.shape[3] == 3 and frames.dtype == np.uint8
        if not (colour or frames.ndim == 3) or not frames.size:
            raise InputError(
                f'{name} has the shape {frames.shape} and the type {frames.dtype}: '
                'give frames T×H×W×3 (RGB, uint8), or grey values T×H×W'
            )
        self.frames = frames
        self.name = name
        self.value_window = value_window
        self.shape = frames.shape[1:3]

    def __len__(self) -> int:
        return len(self.frames)

    def __enter__(self) -> 'ArrayFrames':
        return self

    def __exit__(self, *error: object) -> None:
        """Nothing is open."""

    def read(self, indices: Sequence[int]) -> list[np.ndarray]:
        """Copies of frames.

        Args:
            indices (Sequence[int]): Which, from 0 to T - 1, in any order.

        Returns:
            list[np.ndarray]: One for each index, H×W×3, RGB, uint8.

        Raises:
            InputError: See :func:`~mmbimodal.datasets.grey_levels.map_grey_levels`.
        """
        frames = [self.frames[int(i)] for i in indices]
        if self.frames.ndim == 4:
            return [frame.copy() for frame in frames]
        return [map_grey_levels(x, self.value_window, self.name) for x in frames]
