from collections.abc import Mapping
from functools import lru_cache
from os import PathLike
from typing import TYPE_CHECKING

import cv2
import numpy as np

from .fonts import font_file
from .video_file import VideoFile

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont

# Pixels; frames are as small as the model needs them.
_HEIGHT, _MAX_HEIGHT, _BANNER, _GAP = 240, 480, 56, 4


class TimelineVideo(VideoFile):
    """The modalities side by side, with the class above them.

    Args:
        path (str | Path): Where to; ``.mp4``.
        fps (float): Frames a second.

    Raises:
        InputError: PyAV has no encoder of H.264 here.
    """

    def __init__(self, path: str | PathLike, fps: float) -> None:
        super().__init__(path, fps, crf=23)
        self._height = 0

    def show(
        self, pictures: Mapping[str, np.ndarray], label: str, score: float, time: float
    ) -> None:
        """Add the frames of a moment.

        Args:
            pictures (Mapping[str, np.ndarray]): Modality → H×W×3, RGB, uint8, of the
                same size at every moment.
            label (str): Name of the class.
            score (float): Its score, in [0, 1].
            time (float): The moment, in seconds.
        """
        if not self._height:
            largest = max(len(x) for x in pictures.values())
            self._height = min(max(largest, _HEIGHT), _MAX_HEIGHT) // 2 * 2
        panels = {name: self._panel(x) for name, x in pictures.items()}
        gap = np.full((self._height, _GAP, 3), 255, np.uint8)
        row = np.hstack([x for panel in panels.values() for x in (panel, gap)][:-1])
        widths = tuple(panel.shape[1] for panel in panels.values())
        banner = _banner(
            row.shape[1], f'{label}  {score:.0%}', f'{time:.1f} s', (*panels,), widths
        )
        self.write(np.vstack([banner, row]))

    def _panel(self, picture: np.ndarray) -> np.ndarray:
        """A picture at the height of the video, of even width."""
        height, width = picture.shape[:2]
        width = max(round(width * self._height / height / 2), 1) * 2
        return cv2.resize(picture, (width, self._height), interpolation=cv2.INTER_CUBIC)


@lru_cache(8)
def _banner(
    width: int, label: str, time: str, names: tuple[str, ...], widths: tuple[int, ...]
) -> np.ndarray:
    """The line above the panels, banner×width×3: class, time, names of modalities."""
    from PIL import Image, ImageDraw

    image = Image.new('RGB', (width, _BANNER), 'white')
    draw = ImageDraw.Draw(image)
    right = draw.textlength(time, font=_font('', 16))
    size, room = 22, width - right - 24
    while size > 9 and draw.textlength(label, font=_font(label, size)) > room:
        size -= 1
    draw.text((6, 5), label, 'black', font=_font(label, size))
    draw.rectangle((width - right - 18, 0, width, 34), 'white')
    draw.text((width - right - 6, 8), time, 'black', font=_font('', 16))
    left = 0
    for name, panel in zip(names, widths):
        draw.text((left + 6, 36), name, (90, 90, 90), font=_font(name, 14))
        left += panel + _GAP
    return np.asarray(image)


@lru_cache(64)
def _font(text: str, size: int) -> 'FreeTypeFont':
    """A font that has the letters of a text; '' has those of any number."""
    from PIL import ImageFont

    return ImageFont.truetype(font_file(text), size)
