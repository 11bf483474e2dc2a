"""The skeletons of Northwestern-UCLA in the community's layout, ``all_sqe/*.json``."""

import json
import os.path as osp
import re
from typing import NamedTuple

import numpy as np

from .checks import check_finite, check_joints, faulty
from .file import Skeleton
from .layouts import KINECT20

# The numbers of the actions in file names leave out a07 and a10; their order is
# that of the labels.
_ACTIONS = (1, 2, 3, 4, 5, 6, 8, 9, 11, 12)


class NWUCLAId(NamedTuple):
    """The fields of a sample id such as ``a01_s02_e03_v01``, and its label."""

    label: int
    subject: int
    episode: int
    view: int


_ID = re.compile(r'a(\d\d)_s(\d\d)_e(\d\d)_v(\d\d)')


def parse_nw_ucla_id(sample_id: str) -> NWUCLAId | None:
    """A sample id as numbers, the label from 0; None if it is no such id."""
    match = _ID.fullmatch(sample_id)
    if match is None or int(match[1]) not in _ACTIONS:
        return None
    action, *rest = map(int, match.groups())
    return NWUCLAId(_ACTIONS.index(action), *rest)


def read_nw_ucla(path: str) -> Skeleton:
    """Read ``{"file_name", "skeletons": T×20×3 in metres, "label": 1 to 10}``.

    Returns:
        Skeleton: One person, the layout ``kinect20``, no clock.

    Raises:
        UnreadableVideo: It is no such JSON, the frames differ in their joints, the
            label is outside of 1 to 10 or not that of the file name.
    """
    try:
        with open(path, encoding='utf-8') as f:
            content = json.load(f)
        frames, label = content['skeletons'], content['label']
        counts = {len(joints) for joints in frames}
    except (ValueError, KeyError, TypeError) as error:
        raise faulty(path, 'is no JSON with "skeletons" and "label"') from error
    if type(label) is not int or not 1 <= label <= len(_ACTIONS):
        raise faulty(path, f'has the label {label!r}, NW-UCLA has 1 to {len(_ACTIONS)}')
    named = parse_nw_ucla_id(osp.splitext(osp.basename(path))[0])
    if named is not None and label != named.label + 1:
        raise faulty(path, f'has the label {label}, its name says {named.label + 1}')
    if not frames:
        raise faulty(path, 'has no frame', empty=True)
    for count in sorted(counts - {len(KINECT20.joints)}):
        check_joints(path, count, KINECT20)
    try:
        keypoint = np.array(frames, np.float32)[None]  # 1×T×20×3
    except (ValueError, TypeError) as error:
        raise faulty(path, 'has joints that are not three numbers each') from error
    if keypoint.ndim != 4 or keypoint.shape[3] != 3:
        raise faulty(path, 'has joints that are not three numbers each')
    check_finite(path, keypoint)
    return Skeleton(keypoint, KINECT20.name)
