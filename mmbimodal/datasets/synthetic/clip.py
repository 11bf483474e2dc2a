"""One pair of videos from a seed and an id."""

import zlib
from dataclasses import dataclass, replace

import numpy as np

from mmbimodal.datasets.ntu_id import parse_ntu_id
from mmbimodal.datasets.skeleton import Skeleton

from . import ntu
from .actions import ACTIONS, PAIR_ACTIONS, perform
from .camera import Camera, View, draw_camera, draw_view
from .distractor import Distractor, draw_distractor
from .figure import Figure
from .handicaps import DIFFICULTIES, Handicaps, draw_handicaps
from .looks import ThermalLook, VisibleLook
from .renderer import Film, render
from .scene import draw_scene
from .sensor import draw_mistakes, track
from .skeleton import joints_of
from .subject import Subject, draw_subject

LOOKS = {ntu.VISIBLE: VisibleLook, ntu.THERMAL: ThermalLook}
FRAMES = (24, 41)


@dataclass(frozen=True)
class Settings:
    """Settings that determine a clip together with its id; size is (height, width).

    With ``skeletons`` a clip has its skeleton as a sensor gives it; all else stays.
    """

    seed: int
    size: tuple[int, int]
    difficulty: str
    skeletons: bool = False

    def size_of(self, modality: str) -> tuple[int, int]:
        """Size of a modality; infrared has 0.6 of the RGB side and may be odd."""
        if modality == ntu.VISIBLE:
            return self.size
        return tuple(int(0.6 * side) | 1 for side in self.size)


@dataclass
class Clip:
    """The skeleton is the true one in NTU's text; ``tracked`` is a sensor's."""

    films: dict[str, Film]
    skeleton: str
    truth: dict
    tracked: Skeleton | None = None


def stream(seed: int, *purpose) -> np.random.Generator:
    """Create a random generator per purpose, so that a change in one leaves all
    others unchanged."""
    words = [zlib.crc32(str(part).encode()) for part in purpose]
    return np.random.default_rng([seed, *words])


def make_clip(sample_id: str, settings: Settings) -> Clip:
    seed = settings.seed
    setup, number, person, _, action = parse_ntu_id(sample_id)
    action = ACTIONS[action - 1]
    rng = stream(seed, sample_id, 'motion')
    frames = int(rng.integers(*FRAMES))
    height, width = settings.size
    camera = draw_camera(number, width / height, stream(seed, sample_id, 'camera'))
    level = DIFFICULTIES[settings.difficulty]
    # People and places of the split, or of the whole set.
    own = ('test',) if level.distractor and number in ntu.TEST_CAMERAS else ()
    cast = [draw_subject(stream(seed, 'subject', person, *own))]
    if action in PAIR_ACTIONS:
        partner = (person + rng.integers(1, ntu.SUBJECTS)) % ntu.SUBJECTS
        cast.append(draw_subject(stream(seed, 'subject', partner + 1, *own)))
    poses = perform(
        action, frames, [s.physique.height for s in cast], cast[0].tempo, rng
    )
    joints = [joints_of(pose, subject.physique) for pose, subject in zip(poses, cast)]
    stranger, strange = _passer_by(frames, camera, stream(seed, sample_id, 'passer-by'))
    # A camera that watches a place, as in surveillance: one per setup.
    scene = draw_scene(stream(seed, 'scene', setup, *own))
    views = {
        ntu.VISIBLE: View(),
        ntu.THERMAL: draw_view(
            stream(seed, 'mounting', setup, *own), stream(seed, sample_id, 'mounting')
        ),
    }

    films, truth = {}, {'action': action}
    distractor: Distractor | None = None
    if level.distractor:
        rng = stream(seed, sample_id, 'distractor')
        distractor = draw_distractor(action, frames, camera, rng)
        truth['distractor'] = distractor.action if distractor.hidden else None
    for modality, view in views.items():
        rng = stream(seed, sample_id, modality)
        handicaps = draw_handicaps(modality, settings.difficulty, frames, rng)
        others = []
        if distractor and modality in distractor.hidden:
            hidden = distractor.hidden[modality]
            names = (*handicaps.names, 'distractor')
            handicaps = replace(handicaps, names=names, hidden=hidden)
            others = distractor.figures(camera, view)
        films[modality] = render(
            [Figure.of(subject, at, camera, view) for subject, at in zip(cast, joints)],
            Figure.of(stranger, strange, camera, view),
            scene,
            LOOKS[modality](scene, rng),
            view,
            settings.size_of(modality),
            handicaps,
            rng,
            others,
        )
        truth[modality] = _truth(films[modality], handicaps)
        if distractor:
            truth[modality]['hidden'] = distractor.hidden.get(modality)
    clip = Clip(films, _skeleton(joints, camera, views, settings), truth)
    if settings.skeletons:
        rng = stream(seed, sample_id, ntu.TRACKED)
        clip.tracked, truth[ntu.TRACKED] = track(
            np.stack(joints),
            camera,
            views,
            {modality: settings.size_of(modality) for modality in views},
            films[ntu.VISIBLE].occluder,
            draw_mistakes(settings.difficulty, frames, len(joints), rng),
            rng,
        )
    return clip


def _passer_by(
    frames: int, camera: Camera, rng: np.random.Generator
) -> tuple[Subject, np.ndarray]:
    """Draw a person in the distance or at the side who does an action of one person,
    mostly walking."""
    subject = draw_subject(rng)
    alone = [name for name in ACTIONS if name not in PAIR_ACTIONS]
    action = 'walk' if rng.random() < 0.5 else rng.choice(alone)
    pose = perform(action, frames, [subject.physique.height], subject.tempo, rng)[0]
    away, aside = rng.uniform(2.5, 5), rng.uniform(-1.8, 1.8)
    pose.x = pose.x + aside * np.cos(camera.azimuth) - away * np.sin(camera.azimuth)
    pose.z = pose.z - aside * np.sin(camera.azimuth) - away * np.cos(camera.azimuth)
    return subject, joints_of(pose, subject.physique)


def _truth(film: Film, handicaps: Handicaps) -> dict:
    """Truth of each frame; a box is None where the actor is outside the picture."""
    boxes = []
    for box in np.clip(film.boxes, 0, 1):
        empty = box[0] >= box[2] or box[1] >= box[3]
        boxes.append(None if empty else [round(float(v), 4) for v in box])
    return {
        'visible': film.visible.tolist(),
        'box': boxes,
        'handicaps': list(handicaps.names),
    }


def _skeleton(
    joints: list[np.ndarray], camera: Camera, views: dict[str, View], settings: Settings
) -> str:
    seen = camera.look(np.stack(joints))
    flat = camera.project(seen)
    pixels = {
        modality: view(flat) * settings.size_of(modality)[::-1]
        for modality, view in views.items()
    }
    return ntu.skeleton_text(seen, pixels[ntu.THERMAL], pixels[ntu.VISIBLE])
