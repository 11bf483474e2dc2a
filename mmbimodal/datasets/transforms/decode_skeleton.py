from typing import Any

from mmaction.datasets.transforms import PoseDecode
from mmaction.registry import TRANSFORMS

from mmbimodal.datasets.skeleton.file import PIXELS


@TRANSFORMS.register_module()
class DecodeSkeleton(PoseDecode):
    """Keep the sampled frames of a skeleton, as ``DecodeVideo`` does of a video.

    MMAction2's ``PoseDecode`` leaves joints in pixels beside metric ones as they
    are, of which every frame must stay the frame of the metric joint.

    Required keys: ``keypoint`` (M×T×V×C), ``frame_inds`` (n). Modified keys, T
    becomes n: ``keypoint`` and, where they are, ``keypoint_score``, ``colorXY`` and
    ``depthXY``.
    """

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Index the frames."""
        results = super().transform(results)
        for name in PIXELS:
            if name in results:
                results[name] = results[name][:, results['frame_inds']]
        return results
