"""What the data set would find in a sample, and what may be wrong with its times."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mmbimodal.errors import InputError, UnreadableVideo

from .sample import build_sample
from .transforms import OpenVideo, SyncSample
from .video_probe import MIN_FRAMES, SKELETON_SUFFIXES, Probe, fault_of, probe

GAP = 2.5
"""A frame that stays for so many long intervals is a gap."""

UNEVEN = 1.5
"""Intervals are uneven if the long ones are so many times the short ones."""

ENDS_APART, FRAMES_APART = 0.1, 2.5
"""A pair's starts or ends may differ by this share of its time, or so many frames."""

RATIOS_APART = 1.2
"""Aspect ratios of a pair may differ by this factor."""


@dataclass(frozen=True)
class Clock:
    """Times of the frames of a file, in seconds on the sample's clock.

    Attributes:
        start: Time of the first frame.
        end: Time of the last frame and a usual interval.
        usual: Median of the intervals between frames.
        short, long: 5 % of the intervals are shorter, 5 % are longer.
        longest, longest_at: Longest interval, and when it begins.
    """

    start: float
    end: float
    usual: float
    short: float
    long: float
    longest: float
    longest_at: float


@dataclass(frozen=True)
class SampleCheck:
    """What is known of a sample.

    Attributes:
        files: Modality → what its file holds.
        clocks: Modality → times of its frames, of those that have a clock.
        error: Why the sound files are no sample, or ''.
    """

    files: dict[str, Probe]
    clocks: dict[str, Clock] = field(default_factory=dict)
    error: str = ''


def check_sample(arguments: Mapping[str, Any]) -> SampleCheck:
    """Read every frame of a sample as the data set reads it.

    Args:
        arguments (Mapping[str, Any]): Those of
            :func:`~mmbimodal.datasets.sample.build_sample`.
    """
    files, clocks, opened = {}, {}, {}
    for name in arguments['files']:
        files[name], results = _check_file(arguments, name)
        if results is not None:
            opened[name] = results
            if len(results.get('timestamps', ())) > 1:
                offset = results.get('time_offset', 0.0)
                clocks[name] = _clock(results['timestamps'] + offset)
    if opened and not any(found.fault for found in files.values()):
        sampler = dict(type='UniformSample', clip_len=MIN_FRAMES, test_mode=True)
        span = {k: arguments[k] for k in ('start', 'end') if k in arguments}
        try:
            SyncSample([sampler])(dict(modalities=opened, **span))
        except InputError as error:
            return SampleCheck(files, clocks, str(error))
    return SampleCheck(files, clocks)


def crashed(arguments: Mapping[str, Any]) -> SampleCheck:
    """The check of a sample that took the decoder's process down."""
    return SampleCheck({}, error='one of its files crashes the decoder')


def warn(check: SampleCheck) -> list[str]:
    """What a training would take without complaint, each with its figures."""
    warnings = []
    for name, clock in check.clocks.items():
        if clock.longest > GAP * clock.long:
            warnings.append(
                f'{name} has a gap of {clock.longest:.3g} s at '
                f'{clock.longest_at:.3g} s (usually a frame stays for '
                f'{clock.usual:.3g} s)'
            )
        if clock.long > UNEVEN * clock.short:
            warnings.append(
                f'{name} has uneven intervals between frames, from {clock.short:.3g} '
                f'to {clock.long:.3g} s'
            )
    return [*warnings, *_unequal_times(check), *_unequal_ratios(check)]


def _check_file(
    arguments: Mapping[str, Any], name: str
) -> tuple[Probe, dict[str, Any] | None]:
    """Decode the file of a modality.

    Returns:
        tuple: What it holds, and the result of ``OpenVideo`` if it is a sound video.
    """
    path = arguments['files'][name]
    found = probe(path, check='none')
    if found.fault:
        return found, None
    if path.endswith(SKELETON_SUFFIXES):
        return probe(path), None
    try:
        sample = build_sample(
            **{**arguments, 'files': {name: path}, 'modalities': [name]}
        )
        results = OpenVideo()(sample['modalities'][name])
        with results.pop('video_reader') as reader:
            reader.check(len(reader))
            reader.read([0])  # grey levels are a matter of the pixels
    except UnreadableVideo as error:
        return fault_of(error), None
    except InputError as error:
        return Probe(fault='unclear', detail=str(error)), None
    height, width = reader.shape
    return Probe(len(reader), reader.avg_fps or 0.0, width, height), results


def _clock(times: np.ndarray) -> Clock:
    """Times of two frames or more, N."""
    steps = np.diff(times)
    usual, at = float(np.median(steps)), int(steps.argmax())
    short, long = np.percentile(steps, (5, 95), method='nearest')
    return Clock(
        start=float(times[0]),
        end=float(times[-1]) + usual,
        usual=usual,
        short=float(short),
        long=float(long),
        longest=float(steps[at]),
        longest_at=float(times[at]),
    )


def _unequal_times(check: SampleCheck) -> list[str]:
    """Starts and ends that are apart; frames, where a file has no clock."""
    clocks = check.clocks
    if len(clocks) < len(check.files):
        counts = {name: found.frames for name, found in check.files.items()}
        if min(counts.values()) >= (1 - 2 * ENDS_APART) * max(counts.values()):
            return []
        frames = ', '.join(f'{name} {count} frames' for name, count in counts.items())
        return [f'lengths differ: {frames}']
    if not clocks:
        return []
    tolerance = max(
        ENDS_APART * max(clock.end - clock.start for clock in clocks.values()),
        FRAMES_APART * max(clock.usual for clock in clocks.values()),
    )
    edges = ([c.start for c in clocks.values()], [c.end for c in clocks.values()])
    if all(max(times) - min(times) <= tolerance for times in edges):
        return []
    spans = ', '.join(
        f'{name} from {clock.start:.4g} to {clock.end:.4g} s'
        for name, clock in clocks.items()
    )
    return [
        f'only the time in common is used: {spans}; if one recording started '
        'earlier, write its offset into the annotation'
    ]


def _unequal_ratios(check: SampleCheck) -> list[str]:
    """Aspect ratios that are apart."""
    ratios = {m: p.width / p.height for m, p in check.files.items() if p.height}
    if not ratios or max(ratios.values()) <= RATIOS_APART * min(ratios.values()):
        return []
    sizes = ', '.join(
        f'{name} {check.files[name].width}x{check.files[name].height}'
        for name in ratios
    )
    return [f'aspect ratios differ by more than 20 %: {sizes}']
