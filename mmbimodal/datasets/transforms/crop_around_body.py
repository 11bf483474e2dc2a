from typing import Any

import numpy as np
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform

from mmbimodal.datasets.skeleton.file import PIXELS
from mmbimodal.errors import InputError


@TRANSFORMS.register_module()
class CropAroundBody(BaseTransform):
    """Cut a square around the persons out of frames (AMFI-Net, section 3.1, eq. 1).

    The middle of the square is the middle of the box around all joints of the clip,
    moved as far as the square has to stay inside of the picture. All frames get the
    same square. Where no joint is known, because the sample lacks the skeleton or the
    sensor saw no body in the picture, it is the middle of the picture.

    It takes the whole sample, and the joints as ``LoadSkeleton`` gives them.

    Required keys: ``imgs`` and ``img_shape`` of the frames; optional ``colorXY`` or
    ``depthXY`` (pixels, M×T×V×2) of the body, where joints at exactly 0 are not there.
    Modified keys of the frames: ``imgs``, ``img_shape``.

    Args:
        frames (str): Modality whose frames are cut.
        body (str): Modality with the joints.
        picture (tuple[int, int]): Height and width in pixels of the picture that the
            joints are places in; the frames may be a smaller copy of it.
        size (int): Side of the square in pixels of that picture, at most its short
            side. Defaults to 1000.
        joints (str): ``'colorXY'`` or ``'depthXY'``. Defaults to ``'colorXY'``.

    Raises:
        InputError: A modality is unknown, or an option is of no use.
    """

    def __init__(
        self,
        frames: str,
        body: str,
        picture: tuple[int, int],
        size: int = 1000,
        joints: str = 'colorXY',
    ) -> None:
        if joints not in PIXELS or size < 1:
            raise InputError(
                f'CropAroundBody: size={size} must be positive and joints={joints!r} '
                f'one of {", ".join(PIXELS)}'
            )
        self.frames, self.body, self.joints = frames, body, joints
        self.picture = tuple(picture)
        self.side = min(size, *self.picture)

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Return a new sample; ``results`` is not modified."""
        modalities = results['modalities']
        for name in (self.frames, self.body):
            if name not in modalities:
                raise InputError(
                    f'CropAroundBody names {name}, the data set has '
                    f'{", ".join(modalities)}: correct the pipeline'
                )
        inner = modalities[self.frames]
        if inner is None:
            return results
        left, top = self._corner((modalities[self.body] or {}).get(self.joints))
        height, width = inner['img_shape']
        rows = _to_pixels(top, self.side, height / self.picture[0])
        columns = _to_pixels(left, self.side, width / self.picture[1])
        imgs = [x[rows, columns] for x in inner['imgs']]
        cut = dict(inner, imgs=imgs, img_shape=imgs[0].shape[:2])
        return dict(results, modalities={**modalities, self.frames: cut})

    def _corner(self, joints: np.ndarray | None) -> np.ndarray:
        """Left and top end of the square in the picture, x and y."""
        room = np.array(self.picture[::-1]) - self.side
        places = np.zeros((0, 2)) if joints is None else joints[joints.any(axis=-1)]
        if not len(places):
            return room / 2
        # a joint out of the picture draws the box no further than to its edge
        places = places.clip(0, self.picture[::-1])
        middle = (places.min(axis=0) + places.max(axis=0)) / 2
        return (middle - self.side / 2).clip(0, room)


def _to_pixels(start: float, side: int, scale: float) -> slice:
    """A range of the picture in pixels of its copy; one pixel at least."""
    first = round(start * scale)
    return slice(first, first + max(1, round(side * scale)))
