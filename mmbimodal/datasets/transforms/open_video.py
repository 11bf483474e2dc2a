from typing import Any

from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform

from mmbimodal.datasets.array_frames import ArrayFrames
from mmbimodal.datasets.frames import open_frames
from mmbimodal.datasets.image_folder import ImageFolder
from mmbimodal.datasets.video_reader import VideoReader


@TRANSFORMS.register_module()
class OpenVideo(BaseTransform):
    """Open a video, a folder of images or an array of decoded frames.

    ``SyncSample`` and ``DecodeVideo`` follow.

    It takes the place of MMAction2's ``DecordInit`` and its like: frames are exact,
    each with its time, and small at once.

    Required keys: ``filename``; optional ``value_window`` and ``array``, whose frames
    then take the place of the file's. Removed key: ``array``.
    Added keys: ``video_reader``, ``total_frames`` and, for what has a clock,
    ``timestamps`` (seconds, N) and ``avg_fps``.

    Args:
        short_side (int, optional): Short side in pixels of the decoded frames, as
            much as the pipeline uses of them: the upper end of the range of
            ``SyncResize``. Videos of less than twice this size are decoded as they
            are. Defaults to None: every video is.

    Raises:
        UnreadableVideo: The file is damaged, cut off or no video.
        InputError: A folder holds images of several kinds.
    """

    def __init__(self, short_side: int | None = None) -> None:
        self.short_side = short_side

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Open the file."""
        reader = self.open(results)
        results['video_reader'] = reader
        results['total_frames'] = len(reader)
        if reader.timestamps is not None:
            results['timestamps'] = reader.timestamps
            results['avg_fps'] = reader.avg_fps
        return results

    def open(self, results: dict[str, Any]) -> VideoReader | ImageFolder | ArrayFrames:
        """What ``DecodeVideo`` reads from."""
        if 'array' in results:
            return ArrayFrames(
                results.pop('array'), results['filename'], results.get('value_window')
            )
        return open_frames(
            results['filename'],
            short_side=self.short_side,
            value_window=results.get('value_window'),
        )
