"""Bring the files of a data set into its root: as they are, linked or encoded."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from mmbimodal.datasets.reencode import reencode
from mmbimodal.datasets.video_probe import VIDEO_SUFFIXES
from mmbimodal.errors import InputError

from .pairing import Pairs, Scan


def place(
    pairs: Pairs,
    scans: Mapping[str, Scan],
    data_root: Path,
    folders: Mapping[str, str],
    short_side: int | None,
    workers: int | None,
) -> tuple[Pairs, dict[str, str]]:
    """Bring every file into the data root.

    With a ``short_side``, videos and folders of images become smaller videos. What
    else is outside of the data root is linked.

    Args:
        pairs: The samples.
        scans: Modality → where its files come from.
        data_root (Path): The data root.
        folders: Modality → folder in the data root for what is linked or
            encoded.
        short_side (int, optional): Of the smaller videos, in pixels.
        workers (int, optional): Number of processes; None: one per CPU.

    Returns:
        tuple: The samples with their new paths, and source path → why it could
        not be encoded.
    """
    placed: Pairs = {i: dict(row) for i, row in pairs.items()}
    jobs = []
    for i, row in pairs.items():
        for modality, source in row.items():
            folder = data_root / folders[modality]
            start = scans[modality].folder
            relative = Path(
                source.relative_to(start) if start in source.parents else source.name
            )
            is_video = source.suffix.lower() in VIDEO_SUFFIXES
            if short_side and (is_video or source.is_dir()):
                # Never beside the sources, or the next scan finds both.
                folder = folder.with_name(f'{folder.name}_{short_side}')
                stem = relative.name if source.is_dir() else relative.stem
                placed[i][modality] = folder / relative.with_name(f'{stem}.mp4')
                jobs.append((str(source), str(placed[i][modality])))
            elif data_root not in source.parents:
                placed[i][modality] = folder / relative
                _link(source, placed[i][modality])
    return placed, reencode(jobs, short_side, workers) if jobs else {}


def _link(source: Path, target: Path) -> None:
    """Link a file into the data root, or copy it where links do not work."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists() and target.samefile(source):
        return
    if target.is_symlink():  # of an earlier run, out of date
        target.unlink()
    if not target.exists():
        try:
            target.symlink_to(source)
        except OSError:
            copy = shutil.copytree if source.is_dir() else shutil.copy2
            copy(source, target)
    elif source.is_file() and target.stat().st_size != source.stat().st_size:
        raise InputError(
            f'{target} is in the way of {source}: move it away '
            'or give another data root.'
        )
