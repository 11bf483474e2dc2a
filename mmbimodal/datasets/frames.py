"""One way to read frames, whatever holds them."""

import os.path as osp
from collections.abc import Sequence

import numpy as np

from .image_folder import ImageFolder
from .video_reader import VideoReader


def open_frames(
    path: str,
    *,
    short_side: int | None = None,
    value_window: Sequence[float] | None = None,
) -> VideoReader | ImageFolder:
    """Open a video or a folder of images.

    Args:
        path (str): File or folder.
        short_side (int, optional): See :class:`VideoReader`.
        value_window (Sequence[float], optional): See
            :func:`~mmbimodal.datasets.grey_levels.map_grey_levels`.

    Returns:
        VideoReader | ImageFolder: A context manager with ``len()``, ``timestamps``
        (seconds, N; None where there is no clock) and ``read(indices)``.

    Raises:
        UnreadableVideo: It cannot be read.
        InputError: It is not clear what its frames are.
    """
    if osp.isdir(path):
        return ImageFolder(path, value_window)
    return VideoReader(path, short_side, value_window)


def nearest(timestamps: np.ndarray, moments: np.ndarray) -> np.ndarray:
    """Indices of the frames that are nearest to some moments.

    Args:
        timestamps (np.ndarray): Times of the frames in seconds, N, ascending.
        moments (np.ndarray): Times in seconds, of any shape.

    Returns:
        np.ndarray: Indices from 0 to N - 1, of the shape of ``moments``; the earlier
        one of two that are equally near.
    """
    middles = (timestamps[1:] + timestamps[:-1]) / 2
    return np.searchsorted(middles, moments)
