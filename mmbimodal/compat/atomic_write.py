"""A checkpoint interrupted while it is written stays behind, half-written.

mmengine 0.10.7 writes files in place (``LocalBackend.put``), so a full disk
or a killed process leaves a file that looks like a checkpoint. Can go when
mmengine writes to a temporary name first.
"""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mmengine.fileio import LocalBackend, register_backend

from mmbimodal.errors import InputError

SUFFIX = '.part'
# No space left, quota used up, and the limit on a file's size.
NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextmanager
def whole_file(path: str | Path) -> Iterator[str]:
    """Yield a temporary name that becomes ``path`` when the block succeeds.

    The old file stays until then, and after any error.

    Raises:
        InputError: The disk is full.
    """
    part = f'{path}{SUFFIX}'
    try:
        yield part
        # Renamed before its content is on the disk, the file could be empty
        # after a power failure.
        with open(part, 'rb') as file:
            os.fsync(file.fileno())
        os.replace(part, path)
    except OSError as error:
        if error.errno not in NO_SPACE:
            raise
        free = shutil.disk_usage(Path(path).parent).free / 2**20
        # Only a training, which writes checkpoints, is told to go on.
        resume = ' with --resume' if Path(path).suffix == '.pth' else ''
        raise InputError(
            f'{path} could not be written ({error.strerror}, {free:.0f} MiB free): '
            f'free space or raise the limit, then start again{resume}; '
            'what was saved before is intact'
        ) from error
    finally:
        if os.path.exists(part):
            os.remove(part)


class AtomicLocalBackend(LocalBackend):
    """:class:`mmengine.fileio.LocalBackend` that writes whole files only."""

    def put(self, obj: bytes, filepath: str | Path) -> None:
        """Write ``obj`` beside ``filepath``, then rename it."""
        with whole_file(filepath) as part:
            super().put(obj, part)


def register() -> None:
    """Make it the backend of local paths."""
    register_backend('local', AtomicLocalBackend, prefixes='', force=True)
