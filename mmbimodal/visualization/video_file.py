"""A video, written picture by picture."""

from fractions import Fraction
from os import PathLike
from pathlib import Path

import av
import numpy as np

from mmbimodal.errors import InputError


class VideoFile:
    """An MP4 of H.264, which browsers play; complete or not at all.

    Use it in a ``with`` statement, whose error leaves an older file as it is.

    Args:
        path (str | Path): Where to. Missing folders are made.
        fps (float): Pictures a second.
        crf (int): Quality; less is better and larger. Defaults to 18.

    Raises:
        InputError: PyAV has no encoder of H.264 here.
    """

    def __init__(self, path: str | PathLike, fps: float, crf: int = 18) -> None:
        self.path = Path(path)
        self._part = self.path.with_name(f'.part.{self.path.name}')
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # The index comes first: a player starts before it has the whole file.
        self._container = av.open(
            str(self._part), 'w', format='mp4', options=dict(movflags='faststart')
        )
        rate = Fraction(fps).limit_denominator(1000)
        try:
            self._stream = self._container.add_stream(
                'libx264', rate, options=dict(crf=str(crf))
            )
        except av.codec.codec.UnknownCodecError as error:
            self._part.unlink(missing_ok=True)
            raise InputError(
                f'{path} cannot be written, since PyAV was built without an '
                'encoder of H.264: pip install av'
            ) from error
        self._stream.pix_fmt = 'yuv420p'

    def __enter__(self) -> 'VideoFile':
        return self

    def __exit__(self, kind: type | None, *error: object) -> None:
        try:
            if kind is None:
                self._container.mux(self._stream.encode())
            self._container.close()
            if kind is None:
                self._part.replace(self.path)
        finally:
            self._part.unlink(missing_ok=True)

    def write(self, picture: np.ndarray) -> None:
        """Add a picture, H×W×3 in RGB, uint8, even sides, all of one size."""
        if not self._stream.codec_context.is_open:
            self._stream.height, self._stream.width = picture.shape[:2]
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), 'rgb24')
        self._container.mux(self._stream.encode(frame))
