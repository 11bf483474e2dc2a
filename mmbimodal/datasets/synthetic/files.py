"""Writing of files that exist completely or not at all."""

import os
from pathlib import Path

import cv2
import numpy as np

from mmbimodal.errors import InputError

from .pose import FPS

# On the scale of OpenCV's MJPG writer, where 75 is usual: three quarters of
# the bytes, and the limbs' edges stay clean.
QUALITY = 40


def write_video(path: Path, frames: list[np.ndarray], workshop: Path) -> None:
    """Write frames [H, W, 3] BGR as MJPG, so that every frame is a key frame."""
    part = workshop / path.name
    height, width = frames[0].shape[:2]
    # OpenCV's own encoder: it needs no codec of the machine, takes odd
    # sizes and writes neither a date nor a version into the file.
    writer = cv2.VideoWriter(
        str(part),
        cv2.CAP_OPENCV_MJPEG,
        cv2.VideoWriter.fourcc(*'MJPG'),
        FPS,
        (width, height),
    )
    if not writer.isOpened():
        raise InputError(
            f'{part} cannot be written: check that the disk '
            'has space and the folder allows it.'
        )
    writer.set(cv2.VIDEOWRITER_PROP_QUALITY, QUALITY)
    for frame in frames:
        writer.write(frame)
    writer.release()
    os.replace(part, path)
