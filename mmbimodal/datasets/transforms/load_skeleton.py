from collections.abc import Sequence
from typing import Any

from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform

from mmbimodal.datasets.skeleton import find_layout, read_compact
from mmbimodal.datasets.skeleton.file import METRIC, PIXELS
from mmbimodal.errors import InputError


@TRANSFORMS.register_module()
class LoadSkeleton(BaseTransform):
    """Read the compact file of a skeleton, for ``SyncSample`` and what follows.

    It stands where ``OpenVideo`` stands for frames, in ``ForEachModality`` by the
    name of the modality. The result is what MMAction2's transforms of poses expect.

    Required keys: ``filename``.
    Added keys: ``keypoint`` (M×T×V×3 in metres, or M×T×V×2 in pixels),
    ``total_frames``; for what has a clock ``timestamps`` (seconds, T) and
    ``avg_fps``. Metric joints come with ``colorXY`` and ``depthXY`` (pixels,
    M×T×V×2) where the file has them, pixel joints with ``img_shape`` and, where
    there is one, ``keypoint_score`` (M×T×V in [0, 1]).

    Args:
        layout (str): Layout of the joints that the model's graph has:
            ``'nturgb+d'`` or ``'kinect20'``.
        joints (str): Part of the file that becomes ``keypoint``: ``'keypoint'`` in
            metres, or ``'colorXY'``, ``'depthXY'`` in pixels of that picture.
            Defaults to ``'keypoint'``.
        img_shape (Sequence[int], optional): Height and width in pixels of the
            picture; for pixel joints, and only for these.

    Raises:
        UnreadableVideo: The file is damaged or no compact skeleton.
        InputError: It has another layout, or lacks the joints that are asked for.
    """

    def __init__(
        self,
        layout: str,
        joints: str = METRIC,
        img_shape: Sequence[int] | None = None,
    ) -> None:
        if joints not in (METRIC, *PIXELS):
            raise InputError(
                f'LoadSkeleton: joints={joints!r} is unknown: choose from '
                f'{", ".join((METRIC, *PIXELS))}'
            )
        if (joints == METRIC) != (img_shape is None):
            raise InputError(
                f'LoadSkeleton: joints={joints!r} with img_shape={img_shape}: give the '
                'height and width of the picture with joints in pixels only'
            )
        self.layout = find_layout(layout)
        self.joints = joints
        self.img_shape = img_shape and tuple(img_shape)

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Read the file."""
        path = results['filename']
        skeleton = read_compact(path)
        if skeleton.layout != self.layout.name:
            raise InputError(
                f'{path} has the {skeleton.keypoint.shape[2]} joints of '
                f'{skeleton.layout}, the config the {len(self.layout.joints)} of '
                f'{self.layout.name}: correct the layout in LoadSkeleton and in the '
                'graph of the model'
            )
        results['keypoint'] = getattr(skeleton, self.joints)
        if results['keypoint'] is None:
            raise InputError(
                f'{path} has no {self.joints}, only joints in metres: set '
                f'joints={METRIC!r} in LoadSkeleton'
            )
        results['total_frames'] = skeleton.keypoint.shape[1]
        if self.joints == METRIC:
            pixels = {name: getattr(skeleton, name) for name in PIXELS}
            results.update({k: v for k, v in pixels.items() if v is not None})
        else:
            results['img_shape'] = self.img_shape
            if skeleton.score is not None:
                results['keypoint_score'] = skeleton.score
        times = skeleton.timestamps
        if times is not None:
            results['timestamps'] = times
            if len(times) > 1:
                results['avg_fps'] = (len(times) - 1) / (times[-1] - times[0])
        return results
