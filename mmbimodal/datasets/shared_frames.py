"""Frames that overlapping pieces of a video share."""

from collections import deque
from collections.abc import Sequence

import numpy as np

from .array_frames import ArrayFrames
from .image_folder import ImageFolder
from .video_reader import VideoReader


class SharedFrames:
    """A ring of decoded frames: each frame is decoded once, in order.

    It stands in the place of a reader for the transforms of many pieces, which ask
    for later and later frames. Whoever moves on drops the frames that no later piece
    needs, so that memory holds those of one piece.

    Args:
        reader (VideoReader | ImageFolder | ArrayFrames): What decodes.
    """

    def __init__(self, reader: VideoReader | ImageFolder | ArrayFrames) -> None:
        self.reader = reader
        self.held: deque[np.ndarray] = deque()
        self.first = 0  # number of the first frame that is held

    def __enter__(self) -> 'SharedFrames':
        return self

    def __exit__(self, *error: object) -> None:
        """The next piece reads on."""

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width as a player shows them."""
        return self.reader.shape

    def read(self, indices: Sequence[int]) -> list[np.ndarray]:
        """Copies of frames; those that come before them are decoded, too.

        Args:
            indices (Sequence[int]): Which, none of them dropped, in any order.

        Returns:
            list[np.ndarray]: One for each index, H×W×3, RGB, uint8.

        Raises:
            UnreadableVideo: A frame cannot be decoded.
            InputError: See :func:`~mmbimodal.datasets.grey_levels.map_grey_levels`.
        """
        wanted = [int(i) for i in indices]
        if min(wanted) < self.first:
            raise IndexError(f'frame {min(wanted)} is dropped')
        missing = range(self.first + len(self.held), max(wanted) + 1)
        if missing:
            self.held.extend(self.reader.read(missing))
        return [self.held[i - self.first].copy() for i in wanted]

    def drop(self, before: int) -> None:
        """Forget the frames before one; those not yet decoded never are."""
        while self.held and self.first < before:
            self.held.popleft()
            self.first += 1
        self.first = max(self.first, before)

    def close(self) -> None:
        """Close the file."""
        self.held.clear()
        if not isinstance(self.reader, ArrayFrames):
            self.reader.close()
