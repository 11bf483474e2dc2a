"""A checkpoint interrupted while it is written stays behind, half-written.

mmengine 0.10.7 writes files in place (``LocalBackend.put``), so a full disk
or a killed process leaves a file that looks like a checkpoint. Can go when
mmengine writes to a temporary name first.
"""

import os
from pathlib import Path

from mmengine.fileio import LocalBackend, register_backend


class AtomicLocalBackend(LocalBackend):
    """:class:`mmengine.fileio.LocalBackend` that writes whole files only."""

    def put(self, obj: bytes, filepath: str | Path) -> None:
        """Write ``obj`` beside ``filepath``, then rename it."""
        part = f'{filepath}.part'
        try:
            super().put(obj, part)
            os.replace(part, filepath)
        finally:
            if os.path.exists(part):
                os.remove(part)


def register() -> None:
    """Make it the backend of local paths."""
    register_backend('local', AtomicLocalBackend, prefixes='', force=True)
