"""Windows that slide over a long sample, and what a model says of each."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from os import PathLike
from typing import Any

import numpy as np
from mmengine.dataset import Compose, pseudo_collate
from torch import nn

from mmbimodal.datasets.windows import SlidingWindows
from mmbimodal.structures import Timeline, cell_edges, windows_of_cell
from mmbimodal.visualization import TimelineVideo

from .inference import class_names, predict
from .input_checks import check_scores, warn_of_durations, warn_of_swapped


def predict_timeline(
    model: nn.Module,
    pipeline: Compose,
    sample: Mapping[str, Any],
    window: float,
    stride: float,
    batch_size: int = 1,
    video: str | PathLike | None = None,
    progress: Callable[..., Iterable] | None = None,
) -> Timeline:
    """Scores of windows; memory holds the frames of one batch of windows.

    Args:
        model (nn.Module): Of :func:`.init_recognizer`.
        pipeline (Compose): That of testing.
        sample (Mapping): Of :func:`~mmbimodal.datasets.sample.build_sample`.
        window (float): Length of a window in seconds.
        stride (float): Seconds from the start of a window to that of the next.
        batch_size (int): Windows that are computed together. Defaults to 1.
        video (str | Path, optional): Where to write the modalities side by side, if
            one of them has frames.
        progress (Callable, optional): Wraps the batches, with ``total`` of them.

    Returns:
        Timeline: N windows.

    Raises:
        UnreadableVideo: A file cannot be read, or a window has too few frames.
        InputError: See :class:`~mmbimodal.datasets.windows.SlidingWindows`; or a
            score is NaN.
    """
    with SlidingWindows(pipeline.transforms, sample, window, stride) as windows:
        warn_of_durations(sample['sample_id'], windows.durations)
        batches: Iterable = _predict(model, windows, batch_size)
        if progress is not None and len(windows) > batch_size:
            batches = progress(batches, total=math.ceil(len(windows) / batch_size))
        film: Any = nullcontext()
        if video is not None and windows.has_pictures:
            film = TimelineVideo(video, 1 / windows.step)
        scores: list[np.ndarray] = []
        with film:
            for found in batches:
                old = len(scores)
                scores.extend(found)
                if isinstance(film, TimelineVideo):
                    _show(film, model, windows, stride, scores, old)
                if len(scores) < len(windows):
                    windows.drop(windows.starts[len(scores)])
        return Timeline(
            sample['sample_id'],
            class_names(model, len(scores[0])),
            window,
            stride,
            windows.span,
            np.stack(scores),
        )


def _predict(
    model: nn.Module, windows: SlidingWindows, batch_size: int
) -> Iterator[list[np.ndarray]]:
    """Scores of the windows, K each, batch by batch."""
    preprocessor: Any = model.data_preprocessor
    for start in range(0, len(windows), batch_size):
        numbers = range(start, min(start + batch_size, len(windows)))
        batch = pseudo_collate([windows[i] for i in numbers])
        samples, _ = predict(model, batch)
        check_scores(samples)
        if not start:
            warn_of_swapped(preprocessor, batch)
        yield [x.pred_score.cpu().numpy() for x in samples]


def _show(
    film: TimelineVideo,
    model: nn.Module,
    windows: SlidingWindows,
    stride: float,
    scores: Sequence[np.ndarray],
    first: int,
) -> None:
    """Write the moments whose windows are all known by now.

    Args:
        film (TimelineVideo): Where to.
        model (nn.Module): It knows the names of the classes.
        windows (SlidingWindows): They hold the frames.
        stride (float): Length of a cell of the timeline in seconds.
        scores (Sequence[np.ndarray]): Scores of the windows so far, K each.
        first (int): First cell that is not written yet.
    """
    edges = cell_edges(windows.span, stride, len(windows))
    complete = len(scores) == len(windows)
    for cell in range(first, len(edges) - 1 if complete else len(scores)):
        settings = (len(windows), windows.window, stride)
        mean = np.mean(scores[windows_of_cell(cell, *settings)], axis=0)
        name = class_names(model, len(mean))[mean.argmax()]
        start, end = np.searchsorted(windows.ticks, edges[cell : cell + 2])
        for tick in windows.ticks[start:end]:
            film.show(windows.pictures(tick), name, float(mean.max()), float(tick))
