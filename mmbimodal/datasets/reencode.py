"""Videos at a size that a training can decode: smaller, short GOP."""

import math
import os
import os.path as osp
from collections.abc import Sequence
from fractions import Fraction
from functools import partial

import av
import numpy as np

from mmbimodal.errors import InputError

from .frames import open_frames
from .image_folder import ImageFolder
from .process_pool import parallel_map
from .video_reader import VideoReader

FRAME_FOLDER_FPS = 25.0
"""Frame rate of a folder of images, which does not say its own."""

# MPEG-4 part 2 decodes fastest among what compresses, and a key frame every 12
# frames keeps seeking cheap. MP4 holds the time of each frame, which AVI does not.
_CODEC, _GOP = 'mpeg4', 12

# Of a second; the most that the codec allows is 65535. All usual rates are whole
# numbers of them.
_TICKS = 60000


def reencode(
    jobs: Sequence[tuple[str, str]],
    short_side: int | None,
    workers: int | None = None,
    description: str = 'Re-encoding',
) -> dict[str, str]:
    """Re-encode many videos or folders of images; resumable.

    An output appears under its name only when it is complete, so what exists
    is done: interrupted and started again, the rest is made.

    Args:
        jobs: Pairs of source and output path.
        short_side: See :func:`reencode_one`.
        workers (int, optional): Number of processes; None: one per CPU.
        description (str): Text beside the progress bar.

    Returns:
        dict[str, str]: Source path → why it could not be encoded; empty if
        all is well.
    """
    missing = [job for job in jobs if not osp.isfile(job[1])]
    faults = parallel_map(
        partial(reencode_one, short_side=short_side),
        missing,
        workers=workers,
        description=description,
        crashed=lambda job: 'the file crashes the decoder',
    )
    return {job[0]: fault for job, fault in zip(missing, faults) if fault}


def reencode_one(job: tuple[str, str], short_side: int | None) -> str:
    """Encode one video: the same frames at the same times, in MP4.

    Args:
        job: Source (video or folder of images) and output path (``.mp4``).
        short_side (int, optional): Length of the shorter side in pixels; a
            smaller picture is never enlarged, None keeps the size. Sides
            become even, as the codec needs.

    Returns:
        str: Why it could not be encoded, or '' if it was.
    """
    source, output = job
    # The dot hides it from a scan.
    partial_output = osp.join(osp.dirname(output), f'.part.{osp.basename(output)}')
    os.makedirs(osp.dirname(output), exist_ok=True)
    try:
        with open_frames(source) as reader:
            _write(partial_output, reader, short_side)
            _check(partial_output, reader)
        os.replace(partial_output, output)
    except (InputError, av.FFmpegError, OSError, ValueError) as error:
        reason = getattr(error, 'reason', None) or str(error)
        return f'cannot be encoded ({" ".join(reason.split())[-200:]})'
    finally:
        if osp.exists(partial_output):
            os.remove(partial_output)
    return ''


def target_size(width: int, height: int, short_side: int | None) -> tuple[int, int]:
    """Width and height after scaling: even, never larger than before."""
    scale = min(1.0, (short_side or math.inf) / min(width, height))
    width, height = (
        min(round(side * scale / 2), side // 2) * 2 for side in (width, height)
    )
    return width, height


def _write(
    path: str, reader: VideoReader | ImageFolder, short_side: int | None
) -> None:
    """Write all frames at their times."""
    times = reader.timestamps
    if times is None:
        times = np.arange(len(reader)) / FRAME_FOLDER_FPS
    with av.open(path, 'w', format='mp4') as container:
        # The rate is a hint for the encoder only: the times are those of the frames.
        rate = Fraction(reader.avg_fps or FRAME_FOLDER_FPS).limit_denominator(1000)
        stream = container.add_stream(_CODEC, rate=rate)
        stream.pix_fmt = 'yuv420p'
        stream.codec_context.time_base = stream.time_base = Fraction(1, _TICKS)
        stream.codec_context.gop_size = _GOP
        stream.codec_context.max_b_frames = 0
        for i, seconds in enumerate(times):
            frame = av.VideoFrame.from_ndarray(reader.read([i])[0], 'rgb24')
            if not i:
                size = target_size(frame.width, frame.height, short_side)
                stream.width, stream.height = size
            frame = frame.reformat(*size, 'yuv420p', interpolation='AREA')
            frame.pts, frame.time_base = round(seconds * _TICKS), stream.time_base
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def _check(path: str, reader: VideoReader | ImageFolder) -> None:
    """Make sure that what was written can be read back, at the same times."""
    with VideoReader(path) as written:
        if len(written) != len(reader):
            raise ValueError(
                f'{len(reader)} frames were encoded and {len(written)} can be read back'
            )
        if reader.timestamps is not None:
            moved = np.abs(written.timestamps - reader.timestamps).max()
            if moved > 1e-3:
                raise ValueError(f'frames would be shown up to {moved:.3f} s off')
