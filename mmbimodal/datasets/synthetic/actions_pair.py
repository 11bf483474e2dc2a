"""The five actions of two people. Each takes the time in seconds [T], both
heights in metres and a generator; the first person stands on the left."""

import numpy as np

from .actions_alone import TURN, stride
from .pose import LEFT, RIGHT, Pose, pulse, smooth

GUARD = (0.02, -0.12, 0.42)


def _facing(time, distance) -> tuple[Pose, Pose]:
    first, second = Pose(len(time)), Pose(len(time))
    first.x -= np.asarray(distance) / 2
    second.x += np.asarray(distance) / 2
    first.yaw += np.pi / 2
    second.yaw -= np.pi / 2
    return first, second


def _step(pose: Pose, size: float = 0.38, length: float = 0.6) -> None:
    """Step with the legs so that they fit the path of the body."""
    speed = np.abs(np.gradient(pose.x))
    moving = smooth(speed / 0.02)
    keep = pose.legs.copy()
    gone = np.cumsum(speed)
    stride(pose, np.pi * gone / length + 0.5, size, 0.8)
    pose.legs = keep + moving[None, :, None] * (pose.legs - keep)


def _hold(pose: Pose, side: int, grip, x, y, z) -> None:
    pose.grip[side] = grip
    pose.held[side] = np.stack(np.broadcast_arrays(x, y, z, grip)[:3], 1)


def _on_guard(pose: Pose) -> None:
    for side, forward in ((LEFT, 0.08), (RIGHT, -0.04)):
        pose.arms[side] = GUARD + np.array([0, 0, forward])
        pose.poles[side] = (0.3, -1.0, -0.2)
    pose.legs[LEFT][:] = (0.3, 0.25, 0.06)
    pose.legs[RIGHT][:] = (-0.15, 0.25, 0.06)


def handshake(time, heights, rng) -> list[Pose]:
    poses = _facing(time, rng.uniform(0.9, 1.1))
    reach = pulse(time, rng.uniform(-0.1, 0.1), 0.25, rng.uniform(0.65, 1.2), 0.3)
    shake = rng.uniform(0.07, 0.12) * np.sin(
        TURN * (rng.uniform(1.8, 2.6) * time + rng.random())
    )
    height = 0.6 * np.mean(heights)
    for pose in poses:
        _hold(pose, RIGHT, reach, 0, height + shake * reach, 0)
        # The wrist stops short of the other's hand.
        pose.held[RIGHT][:, 0] += np.where(pose.yaw > 0, -0.07, 0.07)
        pose.poles[RIGHT] = (0.3, -1.0, -0.3)
        pose.pitch = 0.1 * reach
    return list(poses)


def hug(time, heights, rng) -> list[Pose]:
    closeness = smooth((time - rng.uniform(0.0, 0.12)) / rng.uniform(0.4, 0.55))
    far, near = rng.uniform(1.2, 1.5), rng.uniform(0.34, 0.4)
    poses = _facing(time, far + (near - far) * closeness)
    around = smooth((closeness - 0.15) / 0.85)
    sway = 0.05 * np.sin(TURN * (0.9 * time + rng.random()))
    for pose, other, height in zip(poses, poses[::-1], heights[::-1]):
        back = np.where(pose.yaw > 0, 0.1, -0.1)
        for side in (LEFT, RIGHT):
            # The arms open on the way and close behind the other's back.
            pose.arms[side] += np.sin(np.pi * closeness)[:, None] * (
                np.array([0.6, -0.05, 0.7]) - pose.arms[side]
            )
            depth = 0.1 if (side == LEFT) == (pose.yaw[0] < 0) else -0.1
            up = 0.78 if side == LEFT else 0.66
            _hold(pose, side, around**2, other.x + back, up * height, depth)
            pose.poles[side] = (1.0, -0.5, -0.2)
        _step(pose)
        pose.pitch = 0.13 * around
        pose.roll = sway * around
    return list(poses)


def punch(time, heights, rng) -> list[Pose]:
    """The first strikes the second in the face; the second reels back."""
    distance = rng.uniform(0.8, 0.92)
    attacker, victim = _facing(time, distance)
    _on_guard(attacker)
    blows = [rng.uniform(0.1, 0.28)]
    if rng.random() < 0.6:
        blows.append(blows[0] + rng.uniform(0.5, 0.62))
    target = 0.9 * heights[1]
    for number, start in enumerate(blows):
        hand = RIGHT if number % 2 == 0 else LEFT
        blow = pulse(time, start, 0.14, 0.06, 0.22)
        _hold(attacker, hand, blow, distance / 2 - 0.12 + 0.1 * number, target, 0)
        attacker.twist += (0.55 if hand == RIGHT else -0.55) * blow
        attacker.pitch += 0.16 * blow
        attacker.x += 0.12 * smooth((time - start) / 0.25)
        hit = pulse(time, start + 0.1, 0.1, 0.1, 0.5)
        victim.pitch -= 0.6 * hit
        victim.x += 0.18 * smooth((time - start - 0.1) / 0.25)
        for side in (LEFT, RIGHT):
            victim.arms[side] += hit[:, None] * (
                np.array([0.55, -0.35, 0.5]) - victim.arms[side]
            )
    _step(victim, 0.3, 0.45)
    # The struck one's hands go to the face in the end.
    hurt = 0.9 * smooth((time - blows[-1] - 0.35) / 0.3)[:, None]
    victim.arms[LEFT] += hurt * (np.array([-0.25, 0.35, 0.35]) - victim.arms[LEFT])
    victim.poles[LEFT] = (0.5, -1.0, 0.0)
    return [attacker, victim]


def push(time, heights, rng) -> list[Pose]:
    """Both hands of the first drive the second back for a metre or so."""
    distance = rng.uniform(0.75, 0.9)
    attacker, victim = _facing(time, distance)
    attacker.x -= 0.2
    victim.x -= 0.2
    start = rng.uniform(0.12, 0.32)
    ready = smooth((time - start + 0.35) / 0.25)
    shove = smooth((time - start) / 0.3)
    victim.x += rng.uniform(0.65, 0.95) * smooth((time - start - 0.08) / 0.6)
    attacker.x += 0.28 * shove
    back = 1 - smooth((time - start - 0.55) / 0.35)
    chest = 0.74 * heights[1]
    for side in (LEFT, RIGHT):
        attacker.arms[side] += ready[:, None] * (
            np.array([0.05, -0.2, 0.35]) - attacker.arms[side]
        )
        attacker.poles[side] = (0.6, -1.0, -0.2)
        _hold(
            attacker,
            side,
            shove * back,
            victim.x - 0.1,
            chest,
            0.14 if side == RIGHT else -0.14,
        )
        flung = pulse(time, start + 0.05, 0.2, 0.25, 0.5)
        victim.arms[side] += flung[:, None] * (
            np.array([0.5, 0.0, 0.75]) - victim.arms[side]
        )
    attacker.pitch = 0.38 * shove * (0.3 + 0.7 * back)
    attacker.legs[LEFT][:, :2] += shove[:, None] * (0.5, 0.4)
    attacker.legs[RIGHT][:, :2] += shove[:, None] * (-0.4, 0.1)
    _step(victim, 0.42, 0.5)
    victim.pitch = -0.32 * pulse(time, start, 0.2, 0.25, 0.5)
    return [attacker, victim]


def fight(time, heights, rng) -> list[Pose]:
    """Exchange blows and kicks quickly."""
    distance = rng.uniform(0.82, 0.98)
    poses = _facing(time, distance)
    bounce = TURN * (1.6 * time + rng.random())
    for pose, shift in zip(poses, (0, 2)):
        _on_guard(pose)
        pose.lift = 0.03 * np.abs(np.sin(bounce + shift))
        pose.x += 0.07 * np.sin(bounce * 0.6 + shift)
    now, turn = rng.uniform(-0.1, 0.05), int(rng.integers(2))
    while now < time[-1]:
        striker, struck = poses[turn], poses[1 - turn]
        if rng.random() < 0.4:
            _kick(striker, time, now)
        else:
            _strike(striker, struck, time, now, heights[1 - turn], rng)
        hit = pulse(time, now + 0.1, 0.08, 0.03, 0.22)
        struck.pitch -= 0.35 * hit
        struck.x += np.where(struck.yaw > 0, -0.08, 0.08) * hit
        now += rng.uniform(0.24, 0.34)
        turn = 1 - turn
    return list(poses)


def _strike(pose: Pose, other: Pose, time, start, height, rng) -> None:
    side = int(rng.integers(2))
    blow = pulse(time, start, 0.12, 0.04, 0.16)
    before = pose.grip[side].copy()
    reach = np.where(pose.yaw > 0, -0.1, 0.1)
    _hold(pose, side, np.maximum(before, blow), other.x + reach, 0.88 * height, 0)
    pose.twist += (0.5 if side == RIGHT else -0.5) * blow
    pose.pitch += 0.12 * blow


def _kick(pose: Pose, time, start) -> None:
    kick = pulse(time, start, 0.15, 0.05, 0.2)
    fold = pulse(time, start - 0.04, 0.1, 0, 0.12)
    pose.legs[RIGHT][:, 0] += kick * (1.35 - pose.legs[RIGHT][:, 0])
    pose.legs[RIGHT][:, 1] += kick * (0.1 - pose.legs[RIGHT][:, 1]) + fold
    pose.pitch -= 0.3 * kick
