"""From poses to 25 joints: the kinematics of one figure.

Axes, in metres: the stage's x is the picture's right for a camera at azimuth
0, y is up, z is towards that camera. A body's own axes are x = its left,
y = up, z = forward, so that a body with yaw 0 looks into the camera.
"""

from dataclasses import dataclass

import numpy as np

from mmbimodal.datasets.skeleton import NTU_RGBD

from .pose import Pose

# Of every NTU RGB+D skeleton file.
JOINTS = NTU_RGBD.joints
INDEX = {name: number for number, name in enumerate(JOINTS)}


@dataclass(frozen=True)
class Physique:
    """Height in metres; the other fields scale average proportions."""

    height: float = 1.72
    shoulders: float = 1.0
    legs: float = 1.0
    girth: float = 1.0

    def length(self, share: float) -> float:
        return share * self.height

    @property
    def arm(self) -> float:
        """Shoulder to wrist, in metres."""
        return self.length(UPPER_ARM + FOREARM)


# Segment lengths as shares of the body height (after Winter, Biomechanics
# and Motor Control of Human Movement).
UPPER_ARM, FOREARM, PALM, FINGERS = 0.175, 0.146, 0.05, 0.045
THIGH, SHANK, FOOT, SOLE = 0.245, 0.246, 0.11, 0.03
LOWER_SPINE, UPPER_SPINE, NECK, HEAD = 0.13, 0.15, 0.03, 0.10
HALF_HIPS, HALF_SHOULDERS = 0.055, 0.112


def rotation(axis: str, angle: np.ndarray) -> np.ndarray:
    """Rotation about a coordinate axis; angle [T] in radians -> [T, 3, 3]."""
    cos, sin = np.cos(angle), np.sin(angle)
    first, second = {'x': (1, 2), 'y': (2, 0), 'z': (0, 1)}[axis]
    matrix = np.tile(np.eye(3), (len(angle), 1, 1))
    matrix[:, first, first] = matrix[:, second, second] = cos
    matrix[:, second, first] = sin
    matrix[:, first, second] = -sin
    return matrix


def turn(matrix: np.ndarray, vector) -> np.ndarray:
    """[T, 3, 3] applied to [3] or [T, 3] -> [T, 3]."""
    vector = np.broadcast_to(vector, (len(matrix), 3))
    return np.einsum('tij,tj->ti', matrix, vector)


def two_bones(start, target, pole, first: float, second: float):
    """Inverse kinematics of an arm: elbow and wrist, [T, 3] each.

    The wrist goes to ``target`` or, out of reach, towards it; the elbow
    bends to the side of ``pole``.
    """
    reach = target - start
    distance = np.linalg.norm(reach, axis=1, keepdims=True)
    along = reach / np.maximum(distance, 1e-6)
    distance = np.clip(distance, abs(first - second) + 1e-3, (first + second) * 0.999)
    offset = (first**2 - second**2 + distance**2) / (2 * distance)
    height = np.sqrt(np.maximum(first**2 - offset**2, 0))
    side = pole - (pole * along).sum(1, keepdims=True) * along
    side /= np.maximum(np.linalg.norm(side, axis=1, keepdims=True), 1e-6)
    return start + offset * along + height * side, start + distance * along


def joints_of(pose: Pose, physique: Physique) -> np.ndarray:
    """Stage coordinates [T, 25, 3] in metres; the lower foot is on the
    ground, ``pose.lift`` above it in flight."""
    long = physique.length
    out = np.zeros((len(pose), 25, 3))
    pelvis = rotation('y', pose.yaw)
    bent = pelvis @ rotation('x', pose.pitch * 0.5) @ rotation('z', pose.roll * 0.5)
    chest = (
        rotation('y', pose.yaw + pose.twist)
        @ rotation('x', pose.pitch)
        @ rotation('z', pose.roll)
    )

    def put(name, start, matrix, vector):
        out[:, INDEX[name]] = out[:, INDEX[start]] + turn(matrix, vector)

    put('spine_mid', 'spine_base', bent, (0, long(LOWER_SPINE), 0))
    put('spine_shoulder', 'spine_mid', chest, (0, long(UPPER_SPINE), 0))
    put('neck', 'spine_shoulder', chest, (0, long(NECK), 0))
    put('head', 'neck', bent, (0, long(HEAD), long(0.01)))
    for side, (name, sign) in enumerate((('left', 1), ('right', -1))):
        _leg(out, pose, side, name, sign, pelvis, physique)
        _arm(out, pose, side, name, sign, chest, physique)
    feet = [
        INDEX[f'{part}_{name}']
        for part in ('ankle', 'foot')
        for name in ('left', 'right')
    ]
    ground = long(SOLE) - out[:, feet, 1].min(1) + pose.lift
    # Arms that hold something in the stage need the body in its place, so
    # they are solved a second time after the move.
    out += np.stack([pose.x, ground, pose.z], 1)[:, None]
    for side, (name, sign) in enumerate((('left', 1), ('right', -1))):
        if pose.grip[side].any():
            _arm(out, pose, side, name, sign, chest, physique)
    return out


def _leg(out, pose, side, name, sign, pelvis, physique) -> None:
    long = physique.length
    flexion, knee, spread = pose.legs[side].T

    def bone(angle, length):
        """Unit pendulum in the sagittal plane, 0 = straight down."""
        return length * np.stack(
            [
                sign * np.sin(spread) * np.cos(angle),
                -np.cos(angle) * np.cos(spread),
                np.sin(angle),
            ],
            1,
        )

    shank = flexion - knee
    toes = 0.6 * shank
    chain = (
        (f'hip_{name}', np.array([sign * long(HALF_HIPS), 0, 0])),
        (f'knee_{name}', bone(flexion, long(THIGH * physique.legs))),
        (f'ankle_{name}', bone(shank, long(SHANK * physique.legs))),
        (
            f'foot_{name}',
            long(FOOT)
            * np.stack(
                [0.15 * sign * np.ones_like(toes), np.sin(toes) - 0.1, np.cos(toes)], 1
            ),
        ),
    )
    at = out[:, INDEX['spine_base']]
    for joint, vector in chain:
        at = at + turn(pelvis, vector)
        out[:, INDEX[joint]] = at


def _arm(out, pose, side, name, sign, chest, physique) -> None:
    long = physique.length
    mirror = np.array([sign, 1, 1])
    shoulder = out[:, INDEX['spine_shoulder']] + turn(
        chest, (sign * long(HALF_SHOULDERS * physique.shoulders), -long(0.01), 0)
    )
    target = shoulder + turn(chest, pose.arms[side] * mirror * physique.arm)
    grip = pose.grip[side][:, None]
    target = (1 - grip) * target + grip * pose.held[side]
    elbow, wrist = two_bones(
        shoulder,
        target,
        turn(chest, pose.poles[side] * mirror),
        long(UPPER_ARM),
        long(FOREARM),
    )
    along = (wrist - elbow) / long(FOREARM)
    hand = wrist + long(PALM) * along
    thumb = hand + turn(chest, (-sign * long(0.012), long(0.012), long(0.012)))
    for joint, at in (
        ('shoulder', shoulder),
        ('elbow', elbow),
        ('wrist', wrist),
        ('hand', hand),
        ('thumb', thumb),
        ('hand_tip', hand + long(FINGERS) * along),
    ):
        out[:, INDEX[f'{joint}_{name}']] = at
