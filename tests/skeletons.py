"""Tiny skeleton files as the public data sets hold them, for several rooms' tests."""

import json
from pathlib import Path

import numpy as np


def joints(frames=10, num_joints=25, seed=0):
    """A body that moves a little in front of the sensor, metres, T×V×3."""
    rng = np.random.default_rng(seed)
    start = rng.uniform(-1, 1, (1, num_joints, 3)) + (0, 0, 3)
    return start + rng.normal(0, 0.01, (frames, num_joints, 3)).cumsum(0)


def ntu_text(*bodies, present=None):
    """``.skeleton`` text of bodies T×V×3.

    A joint at (x, y, z) is at (100 x, 100 y) in the depth picture and at
    (200 x, 200 y) in the colour picture. ``present``: frame → numbers of the bodies
    in the order of the file; default: all.
    """
    frames = len(bodies[0])
    text = [str(frames)]
    for frame in range(frames):
        shown = range(len(bodies)) if present is None else present(frame)
        text.append(str(len(shown)))
        for number in shown:
            body = bodies[number][frame]
            text += [f'{7000 + number} 0 1 1 1 1 0 0.1 0.2 2', str(len(body))]
            for x, y, z in body:
                pixels = f'{100 * x} {100 * y} {200 * x} {200 * y}'
                text.append(f'{x} {y} {z} {pixels} 1 0 0 0 2')
    return '\n'.join(text) + '\n'


def write(path, content):
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def write_nw_ucla(folder, sample_id, label, frames=5, seed=0, skeletons=None):
    """One JSON file of ``all_sqe``."""
    if skeletons is None:
        skeletons = joints(frames, 20, seed).round(6).tolist()
    content = dict(file_name=sample_id, skeletons=skeletons, label=label)
    return write(Path(folder) / f'{sample_id}.json', content)
