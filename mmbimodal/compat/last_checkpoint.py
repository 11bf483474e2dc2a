"""An empty ``last_checkpoint`` makes every later ``--resume`` fail.

mmengine 0.10.7 writes that file in place, so a kill can leave it empty or
one epoch behind, and it believes it without looking: the file it names may be
damaged, deleted or, after the folder was moved, elsewhere. Can go when
``find_latest_checkpoint`` returns whole files only.
"""

import logging
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import mmengine.runner
from mmengine.hooks import checkpoint_hook
from mmengine.logging import print_log

from mmbimodal.compat.atomic_write import whole_file


@contextmanager
def open_whole(path: str, mode: str) -> Iterator[IO]:
    """``open`` for writing; the file appears when it is complete."""
    with whole_file(path) as part, open(part, mode) as file:
        yield file


def _step(path: Path) -> int:
    """The epoch or iteration in a checkpoint's name."""
    step = re.search(r'(\d+)\.pth$', path.name)
    return int(step[1]) if step else -1


def _is_whole(path: Path) -> bool:
    """Whether the archive has its directory, which is written last.

    A checkpoint of DeepSpeed is a folder.
    """
    return path.is_dir() or (path.is_file() and zipfile.is_zipfile(path))


def find_latest_checkpoint(path: str) -> str | None:
    """The checkpoint to resume from.

    It is the one that ``last_checkpoint`` names, unless a later one is in the
    folder. When the named file is unusable, it is the newest whole one.

    Args:
        path (str): The working folder of the training.

    Returns:
        str | None: A file, or None to start from the beginning.
    """
    folder = Path(path)
    record = folder / 'last_checkpoint'
    text = record.read_text().strip() if record.is_file() else ''
    if '://' in text:  # storage that cannot be looked at as a folder
        return text
    # Checkpoints of the best model have no optimizer state.
    saved = [x for x in folder.glob('*.pth') if re.match(r'(epoch|iter)_\d', x.name)]
    saved.sort(key=_modified, reverse=True)
    named = Path(text)
    if text and _is_whole(named):
        later = [
            x
            for x in saved
            if _modified(x) > _modified(named) and _step(x) > _step(named)
        ]
        saved = [*later, named]
    elif record.is_file():
        print_log(
            f'{record} names no usable checkpoint ({text!r}): '
            'looking for the newest whole one',
            logger='current',
            level=logging.WARNING,
        )
    latest = next(filter(_is_whole, saved), None)
    return None if latest is None else str(latest)


def _modified(path: Path) -> int:
    return path.stat().st_mtime_ns


def patch() -> None:
    """Make mmengine write and read the file this way."""
    checkpoint_hook.open = open_whole
    for module in (mmengine.runner, mmengine.runner.runner):
        module.find_latest_checkpoint = find_latest_checkpoint
