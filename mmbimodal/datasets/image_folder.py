"""A folder of images, which is a video without a clock."""

import os
import os.path as osp
import re
from collections.abc import Sequence

import cv2
import numpy as np

from mmbimodal.errors import InputError, UnreadableVideo

from .grey_levels import map_grey_levels

IMAGE_SUFFIXES = frozenset(('.jpg', '.jpeg', '.png', '.bmp', '.tif', '.tiff'))


class ImageFolder:
    """The images of a folder in the order of their numbers.

    It is read like a :class:`~mmbimodal.datasets.video_reader.VideoReader`.

    Args:
        path (str): The folder. Its images are called ``{stem}{number}{suffix}``,
            with one stem and one suffix; other files are ignored.
        value_window (Sequence[float], optional): See
            :func:`~mmbimodal.datasets.grey_levels.map_grey_levels`.

    Attributes:
        names (list[str]): Names of the images.
        timestamps (None): Images have no time stamps.
        shape (tuple[int, int]): Height and width, once a frame was read.

    Raises:
        UnreadableVideo: The folder holds no image.
        InputError: It holds images of several kinds.
    """

    timestamps = None
    avg_fps = None

    def __init__(self, path: str, value_window: Sequence[float] | None = None) -> None:
        self.path = path
        self.value_window = value_window
        self.names = image_names(path)
        self.shape = (0, 0)

    def __len__(self) -> int:
        return len(self.names)

    def __enter__(self) -> 'ImageFolder':
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def read(self, indices: Sequence[int]) -> list[np.ndarray]:
        """Read images.

        Args:
            indices (Sequence[int]): Which, from 0 to N - 1, in any order.

        Returns:
            list[np.ndarray]: One for each index, H×W×3, RGB, uint8.

        Raises:
            UnreadableVideo: One of them is damaged.
            InputError: The images hold more than 8 bits of grey, and there is no
                ``value_window``, or they are coloured, and there is one.
        """
        return [self._read(osp.join(self.path, self.names[int(i)])) for i in indices]

    def check(self, count: int) -> None:
        """Decode the first images.

        Args:
            count (int): How many.

        Raises:
            UnreadableVideo: One of them is damaged.
        """
        for name in self.names[:count]:
            self._decode(osp.join(self.path, name))

    def close(self) -> None:
        """Nothing is open."""

    def _decode(self, path: str) -> np.ndarray:
        """What the file holds, H×W or H×W×(B, G, R, alpha)."""
        picture = cv2.imread(path, cv2.IMREAD_UNCHANGED)
        if picture is None:
            reason = f'{osp.basename(path)} is no image'
            raise UnreadableVideo(
                f'{self.path} cannot be read ({reason}): copy it again or leave it out',
                reason,
            )
        self.shape = picture.shape[:2]
        return picture

    def _read(self, path: str) -> np.ndarray:
        """H×W×3, RGB, uint8."""
        picture = self._decode(path)
        if picture.ndim == 2:
            return map_grey_levels(picture, self.value_window, path)
        if self.value_window is not None or picture.dtype != np.uint8:
            raise InputError(
                f'{path} holds {picture.shape[2]} channels of {picture.dtype}: '
                'value_windows is for grey values, and colours have 8 bits'
            )
        return np.ascontiguousarray(picture[..., 2::-1])  # BGR or BGRA -> RGB


def image_names(folder: str) -> list[str]:
    """Names of the images of one kind in a folder, in the order of their numbers.

    Args:
        folder (str): Its path.

    Returns:
        list[str]: At least one name.

    Raises:
        UnreadableVideo: There is no image.
        InputError: The names differ in more than their numbers, so that it is not
            clear what one frame is.
    """
    numbers: dict[str, int] = {}
    kinds: dict[str, str] = {}
    for name in sorted(os.listdir(folder)):
        stem, suffix = osp.splitext(name)
        if name.startswith('.') or suffix.lower() not in IMAGE_SUFFIXES:
            continue
        # The last number counts: cam1_0007 is frame 7.
        before, number, after = re.findall(r'^(.*?)(\d*)(\D*)$', stem)[0]
        numbers[name] = int(number or -1)
        kinds.setdefault(f'{before}*{after}{suffix}', name)
    if not numbers:
        reason = f'it holds no image ({", ".join(sorted(IMAGE_SUFFIXES))})'
        raise UnreadableVideo(
            f'{folder} cannot be read ({reason}): copy it again or leave it out', reason
        )
    if len(kinds) > 1:
        raise InputError(
            f'{folder} holds images of {len(kinds)} kinds ({", ".join(kinds)}), of '
            'which each would be a video: give each kind its own folder'
        )
    return sorted(numbers, key=lambda name: (numbers[name], name))
