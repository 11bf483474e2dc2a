from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from mmaction.registry import TRANSFORMS

from mmbimodal.datasets.frames import nearest
from mmbimodal.errors import InputError, UnreadableVideo

from .for_each_modality import ForEachModality


class Clock(NamedTuple):
    """What the modalities of a sample have in common.

    Args:
        times (dict[str, np.ndarray]): Times of all frames of each modality, seconds.
        first (float): Start of the common time in seconds.
        last (float): Its end.
        step (float): Seconds from one tick to the next.
        durations (dict[str, float]): Seconds from the first to the last frame that
            the sample has of each modality.
    """

    times: dict[str, np.ndarray]
    first: float
    last: float
    step: float
    durations: dict[str, float]

    @property
    def ticks(self) -> np.ndarray:
        """Evenly spaced moments, in seconds, at the rate of the fastest modality."""
        count = round((self.last - self.first) / self.step)
        return self.first + self.step * np.arange(count)


@TRANSFORMS.register_module()
class SyncSample(ForEachModality):
    """Sample the same moments of every modality.

    The modalities of a sample may differ in length, rate and start, and their frames
    may be unevenly spaced. All of them are put on one clock, in seconds, over the
    time that they have in common. The clock ticks at the rate of the fastest
    modality. MMAction2's samplers choose ticks, with the same random numbers, and
    each modality then gets the frame that is nearest to the tick in time.

    The time of a frame is its presentation time stamp plus ``time_offset``. Without
    time stamps it is the frame's number over ``avg_fps``; without a rate either, the
    frames are spread evenly over the time of the other modalities.

    Required keys in each modality: ``total_frames``, ``start_index``; optional
    ``timestamps`` (seconds, N), ``avg_fps``, ``time_offset`` (seconds). Optional keys
    of the sample: ``start``, ``end`` (seconds on the common clock).
    Added keys: those of the sampler, and ``duration``, the seconds from the first to
    the last frame that the sample has of this modality.

    Args:
        transforms (list): Configs of MMAction2's samplers.

    Raises:
        UnreadableVideo: A video has fewer frames than one clip, or the modalities
            have no time in common.
    """

    def __init__(self, transforms: list[dict | Callable]) -> None:
        super().__init__(transforms, shared=True)

    def transform(self, results: dict[str, Any]) -> dict[str, Any] | None:
        """Return a new sample; ``results`` is not modified."""
        own = _present(results)
        clock = self.clock(results)
        times, ticks = clock.times, clock.ticks
        fps = (len(ticks) - 1) / (ticks[-1] - ticks[0]) if len(ticks) > 1 else 1.0
        on_clock = {
            name: inner
            and dict(inner, total_frames=len(ticks), start_index=0, avg_fps=fps)
            for name, inner in results['modalities'].items()
        }
        sampled: Any = super().transform(dict(results, modalities=on_clock))
        for name, inner in own.items():
            clip = sampled['modalities'][name]
            _check_length(clip, times[name], ticks)
            moments = ticks[clip['frame_inds']]
            indices = nearest(times[name], moments).astype(np.int32)
            restored = {k: inner[k] for k in ('total_frames', 'start_index')}
            sampled['modalities'][name] = dict(
                clip,
                **restored,
                frame_inds=indices + inner['start_index'],
                duration=clock.durations[name],
            )
            if 'avg_fps' in inner:
                sampled['modalities'][name]['avg_fps'] = inner['avg_fps']
            else:
                del sampled['modalities'][name]['avg_fps']
        return sampled

    def clock(self, results: dict[str, Any]) -> Clock:
        """The common clock of a sample; ``results`` is not modified.

        Raises:
            UnreadableVideo: The modalities have no time in common.
            InputError: There are seconds, and no modality has a clock.
        """
        own = _present(results)
        times = _times(own)
        start, end = results.get('start'), results.get('end')
        first, last, step = _span(times, own, start, end)
        durations = {
            name: float(
                (t[-1] if end is None else min(t[-1], end))
                - (t[0] if start is None else max(t[0], start))
            )
            for name, t in times.items()
        }
        return Clock(times, first, last, step, durations)


def _present(results: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The modalities that a sample has."""
    return {
        name: inner
        for name, inner in results['modalities'].items()
        if inner is not None
    }


def _times(modalities: dict[str, dict[str, Any]]) -> dict[str, np.ndarray]:
    """Times of all frames of each modality on the common clock, in seconds."""
    times: dict[str, np.ndarray] = {}
    for name, inner in modalities.items():
        offset, total = inner.get('time_offset', 0.0), inner['total_frames']
        if inner.get('timestamps') is not None:
            times[name] = inner['timestamps'] + offset
        elif inner.get('avg_fps'):
            times[name] = np.arange(total) / inner['avg_fps'] + offset
        elif offset:
            raise _no_clock(inner)
    start = min((t[0] for t in times.values()), default=0.0)
    end = max((t[-1] for t in times.values()), default=1.0)
    return {
        name: times.get(name, np.linspace(start, end, inner['total_frames']))
        for name, inner in modalities.items()
    }


def _span(
    times: dict[str, np.ndarray],
    modalities: dict[str, dict[str, Any]],
    start: float | None,
    end: float | None,
) -> tuple[float, float, float]:
    """Start and end of the common time, and the step of the fastest modality."""
    if not (start is None and end is None) and not any(
        inner.get('timestamps') is not None or inner.get('avg_fps')
        for inner in modalities.values()
    ):
        raise _no_clock(next(iter(modalities.values())))
    steps = {name: _step(t) for name, t in times.items()}
    step = min(steps.values())
    if step == np.inf:  # pictures, of which each is a modality
        step = 1.0
    # A frame lasts until the next one.
    first = max(t[0] for t in times.values())
    last = min(t[-1] + max(steps[name], step) for name, t in times.items())
    first = first if start is None else max(first, start)
    last = last if end is None else min(last, end)
    if last == np.inf:
        last = first + step
    if round((last - first) / step) < 1:
        spans = ', '.join(
            f'{modalities[name]["filename"]} from {t[0]:.2f} to {t[-1]:.2f} s'
            for name, t in times.items()
        )
        piece = '' if start is None and end is None else f' within {start} to {end} s'
        raise UnreadableVideo(
            f'the modalities have no time in common{piece} ({spans}): correct the '
            'offsets, start and end, or leave the sample out'
        )
    return float(first), float(last), float(step)


def _no_clock(inner: dict[str, Any]) -> InputError:
    return InputError(
        f'{inner["filename"]} has no clock, to which offsets, start and end would '
        'belong: make a video of it, or leave them out'
    )


def _step(times: np.ndarray) -> float:
    """Usual time from one frame to the next, in seconds."""
    if len(times) == 1:
        return np.inf
    mean = (times[-1] - times[0]) / (len(times) - 1)
    even = times[0] + mean * np.arange(len(times))
    if np.abs(times - even).max() < mean / 2:
        return float(mean)  # containers round time stamps, to milliseconds and more
    return float(np.median(np.diff(times)))


def _check_length(clip: dict[str, Any], times: np.ndarray, ticks: np.ndarray) -> None:
    """Refuse a modality with fewer frames on the clock than a clip takes."""
    reach = (ticks[1] - ticks[0]) / 2 if len(ticks) > 1 else np.inf
    count = int(((times >= ticks[0] - reach) & (times <= ticks[-1] + reach)).sum())
    if count < clip['clip_len']:
        raise UnreadableVideo(
            f'{clip["filename"]} has {count} frames, a clip takes '
            f'{clip["clip_len"]}: leave it out, or give the piece more time'
        )
