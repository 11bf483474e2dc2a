"""What a file of a data set holds, or why it cannot be used."""

import os.path as osp
from dataclasses import dataclass

from mmbimodal.errors import InputError, UnreadableVideo

from .frames import open_frames
from .skeleton import SUFFIX, read_compact, read_ntu

MIN_FRAMES = 8
"""A clip must offer one frame for each of the 8 frames of a model."""

SKELETON_SUFFIX = '.skeleton'
SKELETON_SUFFIXES = (SKELETON_SUFFIX, SUFFIX)
VIDEO_SUFFIXES = frozenset(
    ('.3gp', '.avi', '.flv', '.gif', '.m4v', '.mkv', '.mov')
    + ('.mp4', '.mpeg', '.mpg', '.mts', '.ts', '.webm', '.wmv')
)


@dataclass(frozen=True)
class Probe:
    """What one file holds; ``fault`` is empty if it can be used.

    ``fault`` is one of 'missing', 'empty', 'undecodable', 'truncated' and
    'too short', and ``detail`` says it in words. ``fps`` is 0 where the file
    has no frame rate (a folder of images, or a skeleton, which has no size
    either).
    """

    frames: int = 0
    fps: float = 0.0
    width: int = 0
    height: int = 0
    fault: str = ''
    detail: str = ''


def probe(path: str, check: str = 'decode') -> Probe:
    """Look into a video, a folder of images or a skeleton.

    Args:
        path (str): The file.
        check (str): 'decode' decodes every frame; 'open' reads the header and
            counts the frames; 'none' sees that the file is there and not
            empty.
    """
    if not osp.exists(path):
        return Probe(fault='missing', detail='there is no such file')
    if osp.isfile(path) and not osp.getsize(path):
        return Probe(fault='empty', detail='the file has 0 bytes')
    if check == 'none':
        return Probe()
    if path.endswith(SKELETON_SUFFIXES):
        return _probe_skeleton(path)
    return _probe_frames(path, decode=check == 'decode')


def crashed(path: str) -> Probe:
    """The probe of a file that took the decoder's process down."""
    return Probe(fault='undecodable', detail='the file crashes the decoder')


def fault_of(error: UnreadableVideo) -> Probe:
    """The probe of a file that could not be read."""
    fault = 'truncated' if error.truncated else 'empty' if error.empty else ''
    return Probe(fault=fault or 'undecodable', detail=error.reason)


def _probe_frames(path: str, decode: bool) -> Probe:
    """Look into a video or a folder of images, as the data set reads it."""
    try:
        with open_frames(path) as reader:
            if len(reader) < MIN_FRAMES:
                return Probe(
                    frames=len(reader),
                    fps=reader.avg_fps or 0.0,
                    fault='too short',
                    detail=f'{len(reader)} frames are fewer than {MIN_FRAMES}',
                )
            reader.check(len(reader) if decode else 1)
    except UnreadableVideo as error:
        return fault_of(error)
    except InputError as error:
        return Probe(fault='undecodable', detail=str(error))
    height, width = reader.shape or (0, 0)
    return Probe(len(reader), reader.avg_fps or 0.0, width, height)


def _probe_skeleton(path: str) -> Probe:
    """Read a skeleton as the preparation or the data set does."""
    read = read_ntu if path.endswith(SKELETON_SUFFIX) else read_compact
    try:
        return Probe(frames=read(path).keypoint.shape[1])
    except UnreadableVideo as error:
        return fault_of(error)
