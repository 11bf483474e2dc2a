"""Videos at a size that a training can decode: smaller, short GOP."""

import math
import os
import os.path as osp
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import cv2
import decord
import numpy as np

from .process_pool import parallel_map
from .video_probe import probe

IMAGE_SUFFIXES = frozenset(('.jpg', '.jpeg', '.png', '.bmp', '.tif', '.tiff'))

FRAME_FOLDER_FPS = 25.0
"""Frame rate of a folder of frames, which does not say its own."""

# MPEG-4 part 2 in AVI: every FFmpeg reads it, frame counts are exact, and
# cv2 gives it a key frame every 12 frames, which keeps seeking cheap. MJPG
# seeks better still, at four to five times the size.
_FOURCC = 'XVID'


def reencode(
    jobs: Sequence[tuple[str, str]],
    short_side: int | None,
    workers: int | None = None,
    description: str = 'Re-encoding',
) -> dict[str, str]:
    """Re-encode many videos or frame folders; resumable.

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
    """Encode one video, same number of frames and frame rate.

    Args:
        job: Source (video or folder of frames) and output path (``.avi``).
        short_side (int, optional): Length of the shorter side in pixels; a
            smaller picture is never enlarged, None keeps the size. Sides
            become even, as the codec needs.

    Returns:
        str: Why it could not be encoded, or '' if it was.
    """
    source, output = job
    # The suffix tells cv2 the container; the dot hides it from a scan.
    partial_output = osp.join(osp.dirname(output), f'.part.{osp.basename(output)}')
    os.makedirs(osp.dirname(output), exist_ok=True)
    try:
        fps, frames = _frames(source)
        count = _write(partial_output, fps, frames, short_side)
        written = probe(partial_output, check='open')
        if written.fault:
            return written.detail
        if written.frames != count:
            return f'{count} frames were encoded and {written.frames} can be read back'
        os.replace(partial_output, output)
    except Exception as error:  # decord's own error is a plain Exception
        return f'cannot be encoded ({" ".join(str(error).split())[-200:]})'
    finally:
        if osp.exists(partial_output):
            os.remove(partial_output)
    return ''


def target_size(width: int, height: int, short_side: int | None) -> tuple[int, int]:
    """Width and height after scaling: even, never larger than before."""
    scale = min(1.0, (short_side or math.inf) / min(width, height))
    return tuple(
        min(round(side * scale / 2), side // 2) * 2 for side in (width, height)
    )


def _frames(source: str) -> tuple[float, Iterator[np.ndarray]]:
    """Frame rate, and the frames in BGR, [H, W, 3]."""
    if osp.isdir(source):
        paths = sorted(
            (
                path
                for path in Path(source).iterdir()
                if path.suffix.lower() in IMAGE_SUFFIXES
                and not path.name.startswith('.')
            ),
            key=_natural,
        )
        return FRAME_FOLDER_FPS, (_read_image(path) for path in paths)
    reader = decord.VideoReader(source, num_threads=1)
    frames = (reader.next().asnumpy()[..., ::-1] for _ in range(len(reader)))
    return reader.get_avg_fps() or FRAME_FOLDER_FPS, frames


def _natural(path: Path) -> tuple[int, str]:
    """Sorting key that puts frame 10 after frame 9, padded or not."""
    digits = ''.join(c if c.isdigit() else ' ' for c in path.stem).split()
    return int(digits[-1]) if digits else -1, path.name


def _read_image(path: Path) -> np.ndarray:
    frame = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if frame is None:
        raise ValueError(f'the frame {path.name} is no image')
    return frame


def _write(
    path: str, fps: float, frames: Iterator[np.ndarray], short_side: int | None
) -> int:
    """Write the frames and return their number."""
    writer, count = None, 0
    try:
        for count, frame in enumerate(frames, 1):
            if writer is None:
                size = target_size(frame.shape[1], frame.shape[0], short_side)
                writer = cv2.VideoWriter(
                    path, cv2.VideoWriter_fourcc(*_FOURCC), fps, size
                )
                if not writer.isOpened():
                    raise ValueError('OpenCV cannot write here')
            writer.write(cv2.resize(frame, size, interpolation=cv2.INTER_AREA))
    finally:
        if writer is not None:
            writer.release()
    return count
