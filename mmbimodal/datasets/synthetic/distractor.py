"""Someone else, who does another action where the actor is hidden.

The board that hides the actor from the eye, and the pane that hides the
actor's heat, have a person in front of them. This distractor is as clear as
the actor, and the same one in both modalities: what they show contradicts
itself, and the mean of all frames cannot tell who is meant. A single frame
can: the distractor stands before a board as high as the picture, nearer to
the camera, and is often cut by the edge of the picture.
"""

from dataclasses import dataclass

import numpy as np

from .actions import ACTIONS, PAIR_ACTIONS, perform
from .camera import Camera, View
from .figure import Figure
from .ntu import THERMAL, VISIBLE
from .skeleton import joints_of
from .subject import Subject, draw_subject

ONE_MODALITY = 0.36
BOTH_IN_TURN = 0.60
"""Shares of the pairs; in the rest nothing is hidden."""

ENLARGED = (1.15, 1.35)
"""How much larger than the actor the distractor is."""

Span = tuple[int, int]


@dataclass(frozen=True)
class Distractor:
    """One person, or two, in front of the hidden actor.

    Attributes:
        action: What they do, never what the actor does.
        subjects: Who they are.
        joints: Where they are on the stage, [T, 25, 3] each, in metres.
        hidden: Modality → first and last + 1 frame in which they are there
            instead of the actor; a modality that shows the actor throughout
            is left out.
    """

    action: str
    subjects: list[Subject]
    joints: list[np.ndarray]
    hidden: dict[str, Span]

    def figures(self, camera: Camera, view: View) -> list[Figure]:
        """As one modality's camera sees them."""
        return [
            Figure.of(subject, at, camera, view)
            for subject, at in zip(self.subjects, self.joints)
        ]


def draw_distractor(
    action: str, frames: int, camera: Camera, rng: np.random.Generator
) -> Distractor:
    """For an actor who does ``action`` for so many frames."""
    hidden = draw_spans(frames, rng)
    other = rng.choice([name for name in ACTIONS if name != action])
    subjects = [draw_subject(rng) for _ in range(1 + (other in PAIR_ACTIONS))]
    heights = [subject.physique.height for subject in subjects]
    poses = perform(other, frames, heights, subjects[0].tempo, rng)
    nearer = camera.distance * (1 - 1 / rng.uniform(*ENLARGED))
    aside = rng.uniform(-0.2, 0.2)
    sin, cos = np.sin(camera.azimuth), np.cos(camera.azimuth)
    for pose in poses:
        pose.x = pose.x + nearer * sin + aside * cos
        pose.z = pose.z + nearer * cos - aside * sin
    joints = [
        joints_of(pose, subject.physique) for pose, subject in zip(poses, subjects)
    ]
    return Distractor(str(other), subjects, joints, hidden)


def draw_spans(frames: int, rng: np.random.Generator) -> dict[str, Span]:
    """When each modality hides the actor; at every moment one shows it.

    Both modalities are treated alike.
    """
    first, second = rng.permutation((VISIBLE, THERMAL)).tolist()
    kind = rng.random()
    if kind < ONE_MODALITY:
        # the whole clip in a third of the cases
        length = min(frames, round(frames * rng.uniform(0.5, 1.25)))
        start = int(rng.integers(frames - length + 1))
        return {first: (start, start + length)}
    if kind < ONE_MODALITY + BOTH_IN_TURN:
        turn = round(frames * rng.uniform(0.4, 0.6))
        return {first: (0, turn), second: (turn, frames)}
    return {}
