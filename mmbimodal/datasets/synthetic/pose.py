"""Poses over time, independent of the size of the body."""

from dataclasses import dataclass, field

import numpy as np

LEFT, RIGHT = 0, 1
FPS = 25


@dataclass
class Pose:
    """Arrays over T frames; index 0 of a pair is the left limb.

    ``arms`` are wrist positions seen from the shoulder, (outwards, up,
    forward) in arm lengths; ``poles`` the side to which the elbow bends.
    ``held`` is a wrist position on the stage in metres that takes the place
    of ``arms`` as far as ``grip`` (0..1) says. ``legs`` are hip flexion,
    knee flexion and spread in radians. Lengths in metres.
    """

    frames: int
    x: np.ndarray = field(init=False)
    z: np.ndarray = field(init=False)
    lift: np.ndarray = field(init=False)
    yaw: np.ndarray = field(init=False)
    pitch: np.ndarray = field(init=False)
    roll: np.ndarray = field(init=False)
    twist: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        count = self.frames
        for name in ('x', 'z', 'lift', 'yaw', 'pitch', 'roll', 'twist'):
            setattr(self, name, np.zeros(count))
        self.arms = np.tile([0.16, -0.95, 0.08], (2, count, 1))
        self.poles = np.tile([0.35, -0.2, -1.0], (2, 1))
        self.grip = np.zeros((2, count))
        self.held = np.zeros((2, count, 3))
        self.legs = np.tile([0.03, 0.06, 0.05], (2, count, 1))

    def __len__(self) -> int:
        return self.frames

    def mirrored(self) -> 'Pose':
        """The same motion in a mirror that stands at x = 0."""
        other = Pose(self.frames)
        other.z, other.lift, other.pitch = self.z, self.lift, self.pitch
        for name in ('x', 'yaw', 'roll', 'twist'):
            setattr(other, name, -getattr(self, name))
        for name in ('arms', 'poles', 'grip', 'legs', 'held'):
            setattr(other, name, getattr(self, name)[::-1].copy())
        other.held[..., 0] *= -1
        return other


def smooth(value: np.ndarray) -> np.ndarray:
    """Smooth step: 0 below 0, 1 above 1, with a soft start and end between."""
    value = np.clip(value, 0, 1)
    return value * value * (3 - 2 * value)


def pulse(time, start: float, rise: float, hold: float, fall: float):
    """Rise from 0 to 1 within ``rise`` seconds, stay, and fall back."""
    return smooth((time - start) / rise) * smooth(
        1 - (time - start - rise - hold) / fall
    )


def swing(angle, elbow, out: float = 0.14) -> np.ndarray:
    """Wrist of a hanging arm raised forward by ``angle`` and bent by
    ``elbow`` (radians, [T]) -> [T, 3] in arm lengths."""
    lower = angle + elbow
    return np.stack(
        [
            np.full_like(angle, out),
            -0.545 * np.cos(angle) - 0.455 * np.cos(lower),
            0.545 * np.sin(angle) + 0.455 * np.sin(lower),
        ],
        1,
    )
