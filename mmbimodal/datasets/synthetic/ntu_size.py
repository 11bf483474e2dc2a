"""Generated pairs at the sizes of NTU RGB+D, to measure the cost of decoding."""

from collections.abc import Iterable
from itertools import chain, cycle, islice
from pathlib import Path

import cv2
import numpy as np

from mmbimodal.datasets.annotation import write_annotation
from mmbimodal.datasets.ntu_id import parse_ntu_id
from mmbimodal.errors import InputError

from . import ntu
from .actions import ACTIONS
from .clip import Settings, make_clip

FPS, FRAMES = 30, 84
"""NTU's frame rate, and the usual length of its clips."""

SIZES = {ntu.VISIBLE: (1920, 1080), ntu.THERMAL: (512, 424)}
"""Width and height."""


def write_ntu_size(ann_file: Path, count: int) -> Iterable[str]:
    """Write pairs and then their annotation; yield the id of each pair.

    The drawn figures are enlarged, with a grain of their own in every frame
    as a sensor has it, and written as MPEG-4 in AVI, a key frame every 12
    frames.

    Args:
        ann_file (Path): Annotation, in a folder of the data root.
        count (int): Number of pairs.

    Raises:
        InputError: There is such a file, or a video cannot be written.
    """
    if ann_file.exists():
        raise InputError(
            f'{ann_file} exists already: leave out --generate or name another file.'
        )
    root = ann_file.absolute().parent.parent
    rows = []
    for sample_id in ntu.sample_ids(count, ntu.TRAIN_CAMERAS, len(ACTIONS)):
        clip = make_clip(sample_id, Settings(0, (270, 480), 'easy'))
        paths = {name: ntu.video_path(sample_id, name) for name in SIZES}
        for name, path in paths.items():
            _write(root / path, clip.films[name].frames, SIZES[name])
        rows.append(
            dict(paths, sample_id=sample_id, label=parse_ntu_id(sample_id).action - 1)
        )
        yield sample_id
    write_annotation(
        str(ann_file),
        dataset='ntu_size',
        split='train',
        classes=ACTIONS,
        modalities=list(SIZES),
        data_list=rows,
    )


def _write(path: Path, frames: list[np.ndarray], size: tuple[int, int]) -> None:
    """Write the frames forwards and backwards until there are ``FRAMES``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*'XVID'), FPS, size)
    if not writer.isOpened():
        raise InputError(
            f'{path} cannot be written: check that the disk has '
            'space and the folder allows it.'
        )
    grain = np.random.default_rng(0)
    there_and_back = cycle(chain(frames, frames[-2:0:-1]))
    for frame in islice(there_and_back, FRAMES):
        frame = cv2.resize(frame, size, interpolation=cv2.INTER_CUBIC)
        noise = grain.integers(-2, 3, frame.shape[:2] + (1,), np.int16)
        writer.write(np.clip(frame + noise, 0, 255).astype(np.uint8))
    writer.release()
