"""What a recognizer says of a long sample, window by window."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

import numpy as np


class Segment(NamedTuple):
    """A stretch of time with one best class.

    Args:
        start (float): Seconds on the common clock.
        end (float): Seconds.
        label (int): The class.
        class_name (str): Its name.
        score (float): Mean of its smoothed scores.
    """

    start: float
    end: float
    label: int
    class_name: str
    score: float


@dataclass(frozen=True)
class Timeline:
    """Scores of windows, and what follows of them for each moment.

    Time is cut into M cells: cell i starts with window i and is one stride long. Its
    smoothed scores are the mean of the windows that contain its middle; where none
    does, they are those of the last window before. The cells after the last window
    reach to the end of the sample.

    Args:
        sample_id (str): Name of the sample.
        classes (Sequence[str]): K names.
        window (float): Length of a window in seconds.
        stride (float): Seconds from the start of a window to that of the next.
        span (tuple[float, float]): Common time of the modalities, in seconds.
        scores (np.ndarray): Scores of the windows, N×K.
    """

    sample_id: str
    classes: Sequence[str]
    window: float
    stride: float
    span: tuple[float, float]
    scores: np.ndarray

    @cached_property
    def starts(self) -> np.ndarray:
        """When each window starts, in seconds, N."""
        return even_times(self.span[0], self.stride, len(self.scores))

    @cached_property
    def edges(self) -> np.ndarray:
        """Where cells start and end, in seconds, M + 1."""
        return cell_edges(self.span, self.stride, len(self.scores))

    @cached_property
    def smoothed(self) -> np.ndarray:
        """Smoothed scores of the cells, M×K."""
        cells = range(len(self.edges) - 1)
        settings = (len(self.scores), self.window, self.stride)
        return np.stack(
            [self.scores[windows_of_cell(i, *settings)].mean(axis=0) for i in cells]
        )

    @cached_property
    def segments(self) -> list[Segment]:
        """Cells side by side that have the same best class, joined."""
        best = self.smoothed.argmax(axis=1)  # M
        changes = np.flatnonzero(np.diff(best)) + 1
        bounds = [0, *changes.tolist(), len(best)]
        lengths = np.diff(self.edges)  # M; the last cell may be shorter
        return [
            Segment(
                float(self.edges[a]),
                float(self.edges[b]),
                int(best[a]),
                self.classes[best[a]],
                float(np.average(self.smoothed[a:b, best[a]], weights=lengths[a:b])),
            )
            for a, b in pairwise(bounds)
        ]


def cell_edges(
    span: tuple[float, float], stride: float, num_windows: int
) -> np.ndarray:
    """Where the cells of a :class:`Timeline` start and end, in seconds, M + 1.

    M is at least the number of windows; the last cell ends with the sample.
    """
    first, last = span
    count = max(math.ceil((last - first) / stride - 1e-6), num_windows)
    return np.append(even_times(first, stride, count), round(last, 9))


def even_times(first: float, step: float, count: int) -> np.ndarray:
    """Moments at even distances, to the nanosecond: 1.8 and not 1.7999999999999998."""
    return np.round(first + step * np.arange(count), 9)


def windows_of_cell(cell: int, num_windows: int, window: float, stride: float) -> slice:
    """The windows that contain the middle of a cell of a :class:`Timeline`.

    None of them starts after the cell: it needs no later window.

    Args:
        cell (int): Its number, from 0.
        num_windows (int): N.
        window (float): Length of a window in seconds.
        stride (float): Seconds from the start of a window to that of the next.

    Returns:
        slice: Of N windows; the last one before the cell where none contains it.
    """
    last = min(cell, num_windows - 1)
    # window j contains it if j ≤ cell + 1/2 < j + window / stride
    first = math.floor(cell + 0.5 - round(window / stride, 9)) + 1
    return slice(min(max(first, 0), last), last + 1)
