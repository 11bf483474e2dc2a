"""Generation of the whole data set in parallel; it can be resumed."""

import json
import shutil
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from mmbimodal.datasets.annotation import write_annotation, write_text
from mmbimodal.datasets.ntu_id import parse_ntu_id
from mmbimodal.datasets.process_pool import parallel_map
from mmbimodal.datasets.skeleton import write_compact
from mmbimodal.errors import InputError

from . import ntu
from .actions import ACTIONS
from .clip import LOOKS, Settings, make_clip
from .files import write_video
from .handicaps import DIFFICULTIES
from .pose import FPS
from .renderer import VISIBLE_CONTRAST, VISIBLE_SHARE

# Raise it with every change of what a seed gives: a folder never mixes two.
VERSION = 3
WORKSHOP = '.unfinished'
SMALLEST, LARGEST = 32, 1080


@dataclass(frozen=True)
class Request:
    """Number and settings of the clips to generate."""

    train: int
    test: int
    settings: Settings

    def check(self) -> None:
        for name, count, cameras in (
            ('train', self.train, ntu.TRAIN_CAMERAS),
            ('test', self.test, ntu.TEST_CAMERAS),
        ):
            most = ntu.largest_count(cameras, len(ACTIONS))
            if not 0 <= count <= most:
                raise InputError(
                    f'--{name} {count} is not possible: give a number from 0 to {most}.'
                )
        if self.train + self.test == 0:
            raise InputError(
                '--train 0 --test 0 leaves nothing to write: ask for at least one clip.'
            )
        if self.settings.seed < 0:
            raise InputError(
                f'--seed {self.settings.seed} is negative: give 0 or more.'
            )
        if self.settings.difficulty not in DIFFICULTIES:
            raise InputError(
                f'--difficulty {self.settings.difficulty} is unknown: choose '
                f'one of {", ".join(DIFFICULTIES)}.'
            )
        if not all(SMALLEST <= side <= LARGEST for side in self.settings.size):
            raise InputError(
                '--size {}x{} is out of range: give a height and a width '
                'from {} to {} pixels.'.format(*self.settings.size, SMALLEST, LARGEST)
            )

    def sample_ids(self) -> list[str]:
        return ntu.sample_ids(
            self.train, ntu.TRAIN_CAMERAS, len(ACTIONS)
        ) + ntu.sample_ids(self.test, ntu.TEST_CAMERAS, len(ACTIONS))

    def meta(self) -> dict:
        settings = self.settings
        # A folder without skeletons stays what it was before there were any.
        skeletons = {'skeletons': True} if settings.skeletons else {}
        return {
            **skeletons,
            'version': VERSION,
            'seed': settings.seed,
            'train': self.train,
            'test': self.test,
            'difficulty': settings.difficulty,
            'size': {name: list(settings.size_of(name)) for name in LOOKS},
            'fps': FPS,
            'classes': list(ACTIONS),
            'visible': {
                'share_of_silhouette': VISIBLE_SHARE,
                'grey_levels': VISIBLE_CONTRAST,
            },
        }


def generate(root: Path, request: Request, workers: int) -> None:
    """Write the clips of the request that are missing below ``root``.

    Args:
        root (Path): Folder of the data set.
        request (Request): The clips.
        workers (int): Number of processes.

    Raises:
        InputError: The request is not possible, or ``root`` cannot be
            written or holds something else.
    """
    request.check()
    if workers < 1:
        raise InputError(f'--workers {workers} is not possible: give 1 or more.')
    root = Path(root)
    try:
        _complete(root, root / WORKSHOP, request, workers)
    except OSError as error:
        raise InputError(
            f'{root} cannot be written ({error.strerror or error}): check '
            'its space and rights, or choose another folder.'
        ) from error


def _complete(root: Path, workshop: Path, request: Request, workers: int) -> None:
    known = _open(root, workshop, request)
    ids = request.sample_ids()
    skeletons = request.settings.skeletons
    missing = [i for i in ids if not _is_there(root, workshop, i, known, skeletons)]
    parallel_map(
        partial(_write_clip, root=root, workshop=workshop, settings=request.settings),
        missing,
        workers=workers,
        description='Generating pairs',
        crashed=_killed,
        done=len(ids) - len(missing),
    )
    # A clip that was written again replaces what the truth said before.
    truth = {i: _read_truth(workshop, i) or known[i] for i in ids}
    write_text(str(root / 'label_map.txt'), '\n'.join(ACTIONS) + '\n')
    write_text(
        str(root / 'truth.json'),
        json.dumps({'meta': request.meta(), 'samples': truth}, separators=(',', ':')),
    )
    _annotate(root, ids, skeletons)
    shutil.rmtree(workshop)


def _annotate(root: Path, ids: list[str], skeletons: bool) -> None:
    """Write the annotations that ``tools/data/ntu60/prepare.py`` would write."""
    modalities = [*LOOKS, ntu.TRACKED] if skeletons else list(LOOKS)
    for split, cameras in (('train', ntu.TRAIN_CAMERAS), ('test', ntu.TEST_CAMERAS)):
        rows = [
            dict(
                {name: ntu.annotated_path(i, name) for name in modalities},
                sample_id=i,
                label=fields.action - 1,
            )
            for i in ids
            if (fields := parse_ntu_id(i)) and fields.camera in cameras
        ]
        if rows:
            write_annotation(
                str(root / 'annotations' / f'xview_{split}.json'),
                dataset='synth',
                split=f'xview_{split}',
                classes=ACTIONS,
                modalities=modalities,
                data_list=rows,
            )


def _open(root: Path, workshop: Path, request: Request) -> dict:
    """Make the folders, refuse those of another set; the truth so far."""
    meta = request.meta()
    truth, begun = root / 'truth.json', workshop / 'meta.json'
    known, there = {}, None
    try:
        if truth.is_file():
            content = json.loads(truth.read_text(encoding='utf-8'))
            known, there = content['samples'], content['meta']
        elif begun.is_file():
            there = json.loads(begun.read_text(encoding='utf-8'))
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(
            f'{truth if truth.is_file() else begun} is not a '
            'file of this generator: choose another folder or '
            'remove it.'
        ) from error
    if there is None and any(root.glob('nturgb+d_*')):
        raise InputError(
            f'{root} holds NTU folders that this generator did '
            'not write: choose another folder.'
        )
    if there is not None and there != meta:
        differences = ', '.join(
            f'{key} {there.get(key)} instead of {meta.get(key)}'
            for key in {**meta, **there}
            if there.get(key) != meta.get(key)
        )
        raise InputError(
            f'{root} holds another set ({differences}): choose '
            'another folder or remove it.'
        )
    workshop.mkdir(parents=True, exist_ok=True)
    for path in _paths(root, '', request.settings.skeletons):
        path.parent.mkdir(exist_ok=True)
    if not begun.is_file():
        write_text(str(begun), json.dumps(meta))
    return known


def _paths(root: Path, sample_id: str, skeletons: bool) -> list[Path]:
    tracked = [ntu.tracked_path(sample_id)] if skeletons else []
    videos = [ntu.video_path(sample_id, name) for name in LOOKS]
    return [root / x for x in (*videos, ntu.skeleton_path(sample_id), *tracked)]


def _is_there(
    root: Path, workshop: Path, sample_id: str, known: dict, skeletons: bool
) -> bool:
    told = sample_id in known or _read_truth(workshop, sample_id) is not None
    return told and all(path.is_file() for path in _paths(root, sample_id, skeletons))


def _read_truth(workshop: Path, sample_id: str) -> dict | None:
    path = workshop / f'{sample_id}.truth'
    if not path.is_file():
        return None
    return json.loads(path.read_text(encoding='utf-8'))


def _write_clip(sample_id: str, root: Path, workshop: Path, settings: Settings) -> None:
    clip = make_clip(sample_id, settings)
    for name, film in clip.films.items():
        write_video(root / ntu.video_path(sample_id, name), film.frames, workshop)
    write_text(str(root / ntu.skeleton_path(sample_id)), clip.skeleton)
    if clip.tracked:
        write_compact(str(root / ntu.tracked_path(sample_id)), clip.tracked)
    # The truth comes last: where it is, the clip is whole.
    write_text(str(workshop / f'{sample_id}.truth'), json.dumps(clip.truth))


def _killed(sample_id: str) -> None:
    raise InputError(
        f'the process that wrote {sample_id} was killed, perhaps for lack of '
        'memory: run the same command again with fewer --workers.'
    )
