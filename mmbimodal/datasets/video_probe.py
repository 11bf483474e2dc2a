"""What a file of a data set holds, or why it cannot be used."""

import os.path as osp
from dataclasses import dataclass

import cv2
import decord

from .container import HEAD, is_cut_off

MIN_FRAMES = 8
"""A clip must offer one frame for each of the 8 frames of a model."""

SKELETON_SUFFIX = '.skeleton'
VIDEO_SUFFIXES = frozenset(
    ('.avi', '.mp4', '.mkv', '.mov', '.webm', '.m4v', '.mpg', '.mpeg', '.wmv')
)


@dataclass(frozen=True)
class Probe:
    """What one file holds; ``fault`` is empty if it can be used.

    ``fault`` is one of 'missing', 'empty', 'undecodable', 'truncated' and
    'too short', and ``detail`` says it in words. ``fps`` is 0 where the file
    has no frame rate (a skeleton file has none, and no size either).
    """

    frames: int = 0
    fps: float = 0.0
    width: int = 0
    height: int = 0
    fault: str = ''
    detail: str = ''


def probe(path: str, check: str = 'decode') -> Probe:
    """Look into a video or a ``.skeleton`` file.

    Args:
        path (str): The file.
        check (str): 'decode' decodes every frame; 'open' reads the header and
            counts the frames; 'none' sees that the file is there and not
            empty.
    """
    if not osp.isfile(path):
        return Probe(fault='missing', detail='there is no such file')
    if not osp.getsize(path):
        return Probe(fault='empty', detail='the file has 0 bytes')
    if check == 'none':
        return Probe()
    if path.endswith(SKELETON_SUFFIX):
        return _probe_skeleton(path)
    return _probe_video(path, decode=check == 'decode')


def crashed(path: str) -> Probe:
    """The probe of a file that took the decoder's process down."""
    return Probe(fault='undecodable', detail='the file crashes the decoder')


def _probe_video(path: str, decode: bool) -> Probe:
    # decord raises RuntimeError, StopIteration and its own DECORDError,
    # which derives from Exception directly.
    try:
        reader = decord.VideoReader(path, num_threads=1)
        frames, fps = len(reader), float(reader.get_avg_fps())
    except Exception as error:
        audio = 'cannot find video stream' in str(error)
        return Probe(
            fault='undecodable',
            detail='the file holds no video stream'
            if audio
            else 'the file cannot be opened as a video',
        )
    declared = _frames_missing(path, frames)
    if declared:
        return Probe(
            frames=frames,
            fps=fps,
            fault='truncated',
            detail=f'{frames} of {declared} frames are there',
        )
    if frames < MIN_FRAMES:
        return Probe(
            frames=frames,
            fps=fps,
            fault='too short',
            detail=f'{frames} frames are fewer than {MIN_FRAMES}',
        )
    i = 0
    try:
        height, width, channels = reader.next().shape
        for i in range(1, frames if decode else 1):
            reader.next()
    except Exception:
        return Probe(
            frames=frames,
            fps=fps,
            fault='undecodable',
            detail=f'frame {i + 1} of {frames} cannot be decoded',
        )
    if channels != 3:
        # decord divides the padded length of a row by its width to count the
        # channels; below 64 pixels the padding can pass for a fourth one.
        return Probe(
            frames=frames,
            fps=fps,
            fault='undecodable',
            detail=f'decord misreads rows of {width} pixels, it needs 64',
        )
    return Probe(frames=frames, fps=fps, width=width, height=height)


def _frames_missing(path: str, frames: int) -> int:
    """Number of frames that the header declares if too few are there, else 0.

    FFmpeg, and so decord, reads a half-copied AVI or MKV without complaint
    and simply counts fewer frames. Headers are often off by one or two, so a
    small difference counts only if the file is also shorter than it says.
    """
    capture = cv2.VideoCapture(path)
    declared = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
    capture.release()
    with open(path, 'rb') as f:
        cut_off = is_cut_off(f.read(HEAD), osp.getsize(path))
    tolerance = 0 if cut_off else max(2, 0.05 * declared)
    return declared if declared - frames > tolerance else 0


def _probe_skeleton(path: str) -> Probe:
    """Walk through an NTU skeleton file.

    Its lines: number of frames; per frame the number of bodies; per body a
    line of tracking states, the number of joints, and a line per joint.
    """
    with open(path, errors='replace') as f:
        lines = f.read().splitlines()
    cut = Probe(fault='truncated', detail='the last lines are missing')
    bodies, at = 0, 1
    try:
        frames = int(lines[0])
        for _ in range(frames):
            in_frame, at = int(lines[at]), at + 1
            for _ in range(in_frame):
                at += 2 + int(lines[at + 1])
            bodies += in_frame
    except IndexError:
        return cut
    except ValueError:
        return Probe(fault='undecodable', detail='it is no skeleton file')
    if at > len(lines):
        return cut
    if not bodies:
        return Probe(frames=frames, fault='empty', detail='no frame holds a body')
    if frames < MIN_FRAMES:
        return Probe(
            frames=frames,
            fault='too short',
            detail=f'{frames} frames are fewer than {MIN_FRAMES}',
        )
    return Probe(frames=frames)
