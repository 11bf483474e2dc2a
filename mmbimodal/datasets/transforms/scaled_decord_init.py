import io
from typing import Any

from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform
from mmengine import fileio

from mmbimodal.datasets.container import avi_shape, is_cut_off
from mmbimodal.errors import UnreadableVideo

# decord divides the padded length of a row by its width to count the
# channels; up to 72 pixels the padding can pass for a fourth one.
_NARROWEST = 73

# For less, scaling each frame well costs more than the pixels it saves.
_WORTHWHILE = 2


@TRANSFORMS.register_module()
class ScaledDecordInit(BaseTransform):
    """MMAction2's ``DecordInit``, for frames that are small at once.

    FFmpeg, inside decord, scales the frames that are asked for before it
    converts them to RGB: of a large video no large frame is ever made.
    Besides, the file is read once, and a copy of it that was cut off, which
    decoders take for a shorter video, is found.

    Decord must be told the size before it opens a video. An AVI, as those of
    NTU RGB+D, says its own at a known place; others are not scaled.

    Required keys: ``filename``.
    Added keys: ``video_reader``, ``total_frames``, ``avg_fps`` and, for
    ``ScaledDecordDecode``, ``original_shape``.

    Args:
        short_side (int, optional): Short side in pixels of the decoded
            frames, as much as the pipeline uses of them: the upper end of
            the range of ``SyncResize``. Videos of less than twice this size
            are decoded as they are. Defaults to None: every video is.
        num_threads (int): Threads of the decoder. Workers of a data loader
            are the better use of a CPU. Defaults to 1.

    Raises:
        UnreadableVideo: The file is shorter than its header says.
    """

    def __init__(self, short_side: int | None = None, num_threads: int = 1) -> None:
        self.short_side = short_side
        self.num_threads = num_threads

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Open the video."""
        content = fileio.get(results['filename'])
        if is_cut_off(content, len(content)):
            raise UnreadableVideo(
                f'{results["filename"]} is shorter than its header says: '
                'copy it again or leave it out'
            )
        shape = avi_shape(content)
        if self.short_side is not None and shape is not None:
            results['original_shape'] = shape
            reader = self._open(content, *self._scaled(shape))
        else:
            reader = self._open(content)
        results['video_reader'] = reader
        results['total_frames'] = len(reader)
        results['avg_fps'] = reader.get_avg_fps()
        return results

    def _open(self, content: bytes, height: int = -1, width: int = -1) -> Any:
        from decord import VideoReader  # half a second that others spare

        return VideoReader(
            io.BytesIO(content),
            width=width,
            height=height,
            num_threads=self.num_threads,
        )

    def _scaled(self, shape: tuple[int, int]) -> tuple[int, int]:
        """Height and width to decode at."""
        short_side = max(self.short_side, _NARROWEST)
        if min(shape) < _WORTHWHILE * short_side:
            return shape
        height, width = (round(side * short_side / min(shape)) for side in shape)
        return height, width
