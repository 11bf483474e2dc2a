import hashlib
import os
from pathlib import Path
from typing import Any

import numpy as np
from mmaction.registry import TRANSFORMS

from mmbimodal.errors import InputError

from .scaled_decord_init import ScaledDecordInit


class _Frames:
    """Decoded frames T×H×W×3 in the place of decord's ``VideoReader``."""

    def __init__(self, frames: np.ndarray, fps: float) -> None:
        self.frames, self.fps = frames, fps

    def __len__(self) -> int:
        return len(self.frames)

    def get_avg_fps(self) -> float:
        return self.fps

    def get_batch(self, indices: Any) -> '_Frames':
        return _Frames(self.frames[indices], self.fps)

    def asnumpy(self) -> np.ndarray:
        return np.array(self.frames)


@TRANSFORMS.register_module()
class CachedDecordInit(ScaledDecordInit):
    """``ScaledDecordInit`` that decodes each video once.

    For many runs on small videos: the first epoch writes all frames of a video
    into a file, later ones map it into memory. The frames are those that the
    decoder gives, to the bit. An hour of video of 112×112 takes 3.4 GB.

    A file of the cache carries the path, size and time of the video and the
    size of the frames in its name, so a video that has changed is decoded anew.

    Required and added keys: those of ``ScaledDecordInit``.

    Args:
        cache_dir (str): Folder of the cache.
        kwargs: For :class:`ScaledDecordInit`.

    Raises:
        InputError: The cache cannot be written.
    """

    def __init__(self, cache_dir: str, **kwargs) -> None:
        super().__init__(**kwargs)
        self.cache_dir = Path(cache_dir)

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Open the cached frames."""
        path = self._path(results['filename'])
        if not path.is_file():
            self._fill(path, super().transform(dict(results)))
        fps, shape, frames = _read(path)
        return dict(
            results,
            video_reader=_Frames(frames, fps),
            total_frames=len(frames),
            avg_fps=fps,
            original_shape=shape,
        )

    def _path(self, filename: str) -> Path:
        """Where the frames of a video are, as it is now."""
        state = os.stat(filename)
        key = (
            os.path.abspath(filename),
            state.st_size,
            state.st_mtime_ns,
            self.short_side,
        )
        digest = hashlib.sha256(repr(key).encode()).hexdigest()
        return self.cache_dir / f'{Path(filename).stem}-{digest[:16]}.npy'

    def _fill(self, path: Path, opened: dict[str, Any]) -> None:
        """Write a file that appears complete or not at all."""
        reader = opened['video_reader']
        frames = reader.get_batch(range(len(reader))).asnumpy()
        shape = opened.get('original_shape', frames.shape[1:3])
        part = path.with_suffix(f'.{os.getpid()}.part')
        try:
            self.cache_dir.mkdir(parents=True, exist_ok=True)
            with open(part, 'wb') as f:
                np.save(f, np.array([opened['avg_fps'], *shape]))
                np.save(f, frames)
            os.replace(part, path)
        except OSError as error:
            raise InputError(
                f'the cache {self.cache_dir} cannot be written '
                f'({error.strerror or error}): make room, name another cache_dir, '
                'or use ScaledDecordInit'
            ) from error
        finally:
            part.unlink(missing_ok=True)


def _read(path: Path) -> tuple[float, tuple[int, int], np.ndarray]:
    """Frame rate, height and width of the video, and the mapped frames."""
    with open(path, 'rb') as f:
        fps, height, width = np.load(f, allow_pickle=False)
        np.lib.format.read_magic(f)
        shape, _, dtype = np.lib.format.read_array_header_1_0(f)
        frames = np.memmap(f, dtype, 'r', f.tell(), shape)
    return float(fps), (int(height), int(width)), frames
