import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmaction.registry import TRANSFORMS

from mmbimodal.errors import InputError

from .open_video import OpenVideo


class _CachedFrames:
    """Decoded frames in a file, in the place of a ``VideoReader``."""

    def __init__(self, path: Path) -> None:
        with open(path, 'rb') as f:
            height, width, self.avg_fps = np.load(f, allow_pickle=False).tolist()
            self.timestamps = np.load(f, allow_pickle=False)
            np.lib.format.read_magic(f)
            shape, _, dtype = np.lib.format.read_array_header_1_0(f)
            self._frames = np.memmap(f, dtype, 'r', f.tell(), shape)
        self.shape = (int(height), int(width))

    def __len__(self) -> int:
        return len(self._frames)

    def __enter__(self) -> '_CachedFrames':
        return self

    def __exit__(self, *error: object) -> None:
        """The mapping ends with its last reference."""

    def read(self, indices: Sequence[int]) -> list[np.ndarray]:
        return [np.array(self._frames[int(i)]) for i in indices]


@TRANSFORMS.register_module()
class OpenCachedVideo(OpenVideo):
    """``OpenVideo`` that decodes each video once.

    For many runs on small videos: the first epoch writes all frames of a video
    into a file, later ones map it into memory. The frames are those that the
    decoder gives, to the bit. An hour of video of 112×112 takes 3.4 GB.

    A file of the cache carries the path, size and time of the video and the
    size of the frames in its name, so a video that has changed is decoded anew.

    Required and added keys: those of ``OpenVideo``.

    Args:
        cache_dir (str): Folder of the cache.
        short_side (int, optional): See :class:`OpenVideo`.

    Raises:
        InputError: The cache cannot be written.
    """

    def __init__(self, cache_dir: str, short_side: int | None = None) -> None:
        super().__init__(short_side)
        self.cache_dir = Path(cache_dir)

    def open(self, results: dict[str, Any]) -> Any:
        """Open the cached frames; folders of images and arrays are not cached."""
        if 'array' in results or os.path.isdir(results['filename']):
            return super().open(results)
        path = self._path(results)
        if not path.is_file():
            self._fill(path, results)
        return _CachedFrames(path)

    def _path(self, results: dict[str, Any]) -> Path:
        """Where the frames of a video are, as it is now."""
        filename = results['filename']
        state = os.stat(filename)
        key = (
            os.path.abspath(filename),
            state.st_size,
            state.st_mtime_ns,
            self.short_side,
            results.get('value_window'),
        )
        digest = hashlib.sha256(repr(key).encode()).hexdigest()
        return self.cache_dir / f'{Path(filename).stem}-{digest[:16]}.npy'

    def _fill(self, path: Path, results: dict[str, Any]) -> None:
        """Write a file that appears complete or not at all."""
        with super().open(results) as reader:
            frames = np.stack(reader.read(range(len(reader))))
        part = path.with_suffix(f'.{os.getpid()}.part')
        try:
            self.cache_dir.mkdir(parents=True, exist_ok=True)
            with open(part, 'wb') as f:
                np.save(f, np.array([*reader.shape, reader.avg_fps]))
                np.save(f, np.asarray(reader.timestamps))
                np.save(f, frames)
            os.replace(part, path)
        except OSError as error:
            raise InputError(
                f'the cache {self.cache_dir} cannot be written '
                f'({error.strerror or error}): make room, name another cache_dir, '
                'or use OpenVideo'
            ) from error
        finally:
            part.unlink(missing_ok=True)
