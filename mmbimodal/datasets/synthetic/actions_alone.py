"""The seven actions of one person. Each takes the time in seconds [T] and a
generator, and returns a list with one pose."""

import numpy as np

from .pose import LEFT, RIGHT, Pose, pulse, smooth, swing

TURN = 2 * np.pi
# The view is 3 to 4 metres wide.
WAY = 2.2


def stride(pose: Pose, phase, hips, knees, bend: float = 0.12) -> None:
    """Move the legs in a walking or running cycle; phase [T] in radians."""
    for side, shift in ((LEFT, 0), (RIGHT, np.pi)):
        at = phase + shift
        pose.legs[side][:, 0] = 0.04 + hips * np.sin(at) + bend * 0.3
        # The knee folds while the leg comes forward.
        pose.legs[side][:, 1] = bend + knees * np.maximum(0, np.cos(at + 0.35)) ** 2


def counter_swing(
    pose: Pose, phase, size: float, elbow: float, forward: float = 0.0
) -> None:
    """Swing the arms against the legs."""
    for side, shift in ((LEFT, np.pi), (RIGHT, 0)):
        angle = forward + size * np.sin(phase + shift)
        pose.arms[side] = swing(angle, elbow + 0.25 * np.sin(phase + shift))


def _across(pose: Pose, time, speed: float, rng) -> None:
    """Cross the middle of the view in the middle of the clip, and stay inside the
    view at both ends."""
    speed = min(speed, WAY / (time[-1] - time[0]))
    pose.x = speed * (time - time.mean()) + rng.uniform(-0.1, 0.1)
    pose.yaw = np.full(len(pose), np.pi / 2 + rng.uniform(-0.15, 0.15))


def walk(time, rng) -> list[Pose]:
    pose = Pose(len(time))
    rate, size = rng.uniform(0.85, 1.05), rng.uniform(0.36, 0.46)
    phase = TURN * (rate * time + rng.random())
    stride(pose, phase, size, rng.uniform(0.75, 0.95))
    counter_swing(pose, phase, rng.uniform(0.3, 0.5), 0.25)
    pose.pitch += 0.04
    pose.twist = 0.1 * np.sin(phase)
    _across(pose, time, 4 * 0.84 * size * rate, rng)
    return [pose]


def jog(time, rng) -> list[Pose]:
    pose = Pose(len(time))
    phase = TURN * (rng.uniform(1.3, 1.55) * time + rng.random())
    stride(pose, phase, rng.uniform(0.6, 0.75), rng.uniform(1.4, 1.7), 0.35)
    counter_swing(pose, phase, rng.uniform(0.6, 0.8), 1.55, -0.1)
    pose.lift = 0.07 * np.abs(np.cos(phase))
    pose.pitch += rng.uniform(0.16, 0.26)
    pose.twist = 0.18 * np.sin(phase)
    _across(pose, time, rng.uniform(2.0, 2.5), rng)
    return [pose]


def skip(time, rng) -> list[Pose]:
    """Step and hop on one leg with the other knee high, then change sides."""
    pose = Pose(len(time))
    phase = TURN * (rng.uniform(0.95, 1.15) * time + rng.random())
    knee = rng.uniform(1.05, 1.3)
    for side, shift in ((LEFT, 0), (RIGHT, np.pi)):
        raised = np.sin(phase + shift)
        pose.legs[side][:, 0] = np.where(raised > 0, knee, 0.35) * raised
        pose.legs[side][:, 1] = 0.15 + 1.45 * np.maximum(0, raised)
        pose.arms[side] = swing(0.25 - 1.15 * raised, np.full_like(phase, 0.3))
    pose.lift = rng.uniform(0.2, 0.28) * np.abs(np.sin(phase)) ** 1.5
    pose.pitch += 0.05
    _across(pose, time, rng.uniform(1.35, 1.8), rng)
    return [pose]


def jump(time, rng) -> list[Pose]:
    """Jump with both feet on the spot and throw the arms up."""
    pose = Pose(len(time))
    cycle = (time / rng.uniform(0.62, 0.75) + rng.random()) % 1
    ground = 0.42
    crouch = np.sin(np.pi * np.clip(cycle / ground, 0, 1))
    flight = np.clip((cycle - ground) / (1 - ground), 0, 1)
    up = 4 * flight * (1 - flight)
    for side in (LEFT, RIGHT):
        pose.legs[side][:, 0] = 0.9 * crouch + 0.1 * up
        pose.legs[side][:, 1] = 0.1 + 1.5 * crouch + 0.25 * up
        pose.arms[side] = swing(2.3 * up - 0.7 * crouch, np.full_like(up, 0.3), 0.25)
    pose.pitch = 0.5 * crouch
    pose.lift = rng.uniform(0.26, 0.38) * up
    pose.yaw += rng.uniform(-1.2, 1.2)
    return [pose]


def _waving(pose: Pose, side: int, sway, size: float, raised) -> None:
    """Hold an arm above the shoulder; sway [T] in -1..1 moves it sideways."""
    up = np.stack(
        [
            0.42 + size * sway,
            0.82 - 0.16 * sway**2 - 0.08 * sway,
            np.full_like(sway, 0.12),
        ],
        1,
    )
    pose.arms[side] += raised[:, None] * (up - pose.arms[side])
    pose.poles[side] = (1.0, -0.5, 0.1)


def _raising(time, rng) -> np.ndarray:
    """Half of the people wave already when the clip begins."""
    if rng.random() < 0.5:
        return np.ones_like(time)
    return smooth((time - rng.uniform(-0.15, 0.05)) / 0.25)


def wave1(time, rng) -> list[Pose]:
    pose = Pose(len(time))
    sway = np.sin(TURN * (rng.uniform(1.3, 1.9) * time + rng.random()))
    _waving(pose, RIGHT, sway, rng.uniform(0.36, 0.48), _raising(time, rng))
    pose.roll = 0.04 * sway
    pose.yaw += rng.uniform(-0.6, 0.6)
    return [pose]


def wave2(time, rng) -> list[Pose]:
    pose = Pose(len(time))
    phase = TURN * (rng.uniform(1.2, 1.7) * time + rng.random())
    size, raised = rng.uniform(0.38, 0.5), _raising(time, rng)
    # Arms cross and open together, or sway to the same side.
    together = 1 if rng.random() < 0.65 else -1
    _waving(pose, LEFT, np.sin(phase), size, raised)
    _waving(pose, RIGHT, together * np.sin(phase), size, raised)
    pose.yaw += rng.uniform(-0.6, 0.6)
    return [pose]


def handclapping(time, rng) -> list[Pose]:
    pose = Pose(len(time))
    rate = rng.uniform(1.6, 2.3)
    gap = 0.5 - 0.5 * np.cos(TURN * (rate * time + rng.random()))
    raised = pulse(time, -1, 0.5, 9, 1)
    height, wide = rng.uniform(-0.3, 0.05), rng.uniform(0.45, 0.65)
    clap = np.stack([-0.31 + wide * gap, height + 0.05 * gap, 0.62 - 0.12 * gap], 1)
    for side in (LEFT, RIGHT):
        pose.arms[side] += raised[:, None] * (clap - pose.arms[side])
        pose.poles[side] = (0.9, -0.8, -0.3)
    pose.yaw += rng.uniform(-0.8, 0.8)
    return [pose]
