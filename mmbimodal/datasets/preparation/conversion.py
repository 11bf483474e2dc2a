"""From skeletons as they were released to one compact file each."""

import hashlib
import os.path as osp
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mmbimodal.datasets.process_pool import parallel_map
from mmbimodal.datasets.skeleton import (
    SUFFIX,
    Skeleton,
    find_oddities,
    read_compact,
    write_compact,
)
from mmbimodal.datasets.video_probe import Probe, fault_of, probe
from mmbimodal.errors import UnreadableVideo

from .pairing import Pairs

Reader = Callable[[str], Skeleton]
"""Path of a released file → its skeleton; raises UnreadableVideo."""


@dataclass(frozen=True)
class _Job:
    reader: Reader
    source: str
    target: str


@dataclass(frozen=True)
class _Result:
    probe: Probe
    digest: str = ''
    oddities: list[str] = field(default_factory=list)


@dataclass
class Conversion:
    """What became of the released files.

    Attributes:
        pairs: The samples with the paths of the compact files.
        probes: Path of a released file → what is wrong with it, if anything is.
        odd: What is unusual in usable files → sample ids.
        identical: Groups of sample ids whose joints are the same, number by number.
    """

    pairs: Pairs
    probes: dict[str, Probe] = field(default_factory=dict)
    odd: dict[str, list[str]] = field(default_factory=dict)
    identical: list[list[str]] = field(default_factory=list)


def convert(
    pairs: Pairs,
    readers: Mapping[str, Reader],
    data_root: Path,
    folders: Mapping[str, str],
    workers: int | None,
) -> Conversion:
    """Write compact files into ``data_root/folders[modality]``; resumable.

    A compact file that is newer than its source is not written again.

    Args:
        pairs: The samples; modalities without a reader stay as they are.
        readers: Modality → reader of its released files.
        data_root (Path): The data root.
        folders: Modality → folder in the data root.
        workers (int, optional): Number of processes; None: one per CPU.
    """
    result = Conversion({i: dict(row) for i, row in pairs.items()})
    for modality, reader in readers.items():
        sources = {i: row[modality] for i, row in pairs.items() if modality in row}
        # Named by the id alone, which is no path: nothing leaves the data root.
        targets = {i: data_root / folders[modality] / f'{i}{SUFFIX}' for i in sources}
        converted = parallel_map(
            _convert,
            [_Job(reader, str(sources[i]), str(targets[i])) for i in sources],
            workers=workers,
            description=f'Converting {modality}',
            crashed=lambda job: _Result(
                Probe(fault='undecodable', detail='the file crashes its reader')
            ),
        )
        groups: dict[str, list[str]] = {}
        for sample_id, found in zip(sources, converted):
            result.pairs[sample_id][modality] = targets[sample_id]
            result.probes[str(sources[sample_id])] = found.probe
            for clause in found.oddities:
                result.odd.setdefault(clause, []).append(sample_id)
            if not found.probe.fault:
                groups.setdefault(found.digest, []).append(sample_id)
        result.identical += [ids for ids in groups.values() if len(ids) > 1]
    return result


def _convert(job: _Job) -> _Result:
    found = probe(job.source, check='none')  # there, and not empty
    if found.fault:
        return _Result(found)
    try:
        if not _is_done(job):
            write_compact(job.target, job.reader(job.source))
        skeleton = read_compact(job.target)
    except UnreadableVideo as error:
        return _Result(fault_of(error))
    except OSError as error:
        detail = f'cannot be converted ({error.strerror})'
        return _Result(Probe(fault='undecodable', detail=detail))
    keypoint = skeleton.keypoint
    content = repr(keypoint.shape).encode() + keypoint.tobytes()
    return _Result(
        Probe(frames=keypoint.shape[1]),
        hashlib.sha256(content).hexdigest(),
        find_oddities(skeleton),
    )


def _is_done(job: _Job) -> bool:
    return osp.isfile(job.target) and (
        osp.getmtime(job.target) > osp.getmtime(job.source)
    )
