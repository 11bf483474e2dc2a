from typing import Any

from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform


@TRANSFORMS.register_module()
class DecodeVideo(BaseTransform):
    """Decode the sampled frames and close what ``OpenVideo`` opened.

    Required keys: ``video_reader``, ``frame_inds`` and ``start_index`` (optional).
    Added keys: ``imgs`` (list of H×W×3, RGB, uint8), ``img_shape`` and
    ``original_shape``, the size that a player shows. Removed key: ``video_reader``.

    Raises:
        UnreadableVideo: A frame cannot be decoded.
        InputError: See :func:`~mmbimodal.datasets.grey_levels.map_grey_levels`.
    """

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Decode the frames."""
        with results.pop('video_reader') as reader:
            indices = results['frame_inds'] - results.get('start_index', 0)
            results['imgs'] = reader.read(indices.ravel())
            results['original_shape'] = reader.shape
        results['img_shape'] = results['imgs'][0].shape[:2]
        return results
