from typing import Any

from mmaction.datasets.transforms import DecordDecode
from mmaction.registry import TRANSFORMS


@TRANSFORMS.register_module()
class ScaledDecordDecode(DecordDecode):
    """MMAction2's ``DecordDecode`` after ``ScaledDecordInit``.

    ``original_shape`` remains the size of the video; ``img_shape`` is that of
    the decoded frames.
    """

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Decode the sampled frames and close the video."""
        known = {key: results[key] for key in ('original_shape',) if key in results}
        return {**super().transform(results), **known}
