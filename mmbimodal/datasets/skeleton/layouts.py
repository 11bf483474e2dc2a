"""Which joints a skeleton has, and how they are connected."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from mmbimodal.errors import InputError


@dataclass(frozen=True)
class Layout:
    """Names and graph of the V joints of a body.

    Attributes:
        name: Name of the layout.
        joints: Names of the joints, V.
        edges: V - 1 pairs (joint, its neighbour towards the centre), counted
            from 0: MMAction2's ``inward``.
        center: Number of the joint in the middle, from which hops are counted.
    """

    name: str
    joints: tuple[str, ...]
    edges: tuple[tuple[int, int], ...]
    center: int

    @property
    def pairs(self) -> tuple[tuple[int, int], ...]:
        """Numbers of the left and the right joints that are mirror images."""
        index = {joint: number for number, joint in enumerate(self.joints)}
        return tuple(
            (number, index[joint.replace('left', 'right')])
            for joint, number in index.items()
            if 'left' in joint
        )

    @property
    def mirrored(self) -> list[int]:
        """Where each joint of the mirror image is in this body, V numbers."""
        order = list(range(len(self.joints)))
        for left, right in self.pairs:
            order[left], order[right] = right, left
        return order

    def check_joints(self, keypoint: np.ndarray, path: str) -> None:
        """Refuse a skeleton of another layout.

        Args:
            keypoint (np.ndarray): M×T×V×C.
            path (str): Where it comes from, for the message.

        Raises:
            InputError: V is not the number of this layout's joints.
        """
        if keypoint.shape[2] != len(self.joints):
            raise InputError(
                f'{path} has {keypoint.shape[2]} joints, the layout {self.name} '
                f'{len(self.joints)}: correct the layout in the config'
            )

    def graph(self) -> dict[str, Any]:
        """The ``layout`` of MMAction2's ``Graph``: for ``graph_cfg`` of a config."""
        return dict(
            num_node=len(self.joints), inward=list(self.edges), center=self.center
        )


def _limb(parts: tuple[str, ...], side: str) -> tuple[str, ...]:
    return tuple(f'{part}_{side}' for part in parts)


_ARM = ('shoulder', 'elbow', 'wrist', 'hand')
_LEG = ('hip', 'knee', 'ankle', 'foot')
_LIMBS = tuple(
    joint
    for part in (_ARM, _LEG)
    for side in ('left', 'right')
    for joint in _limb(part, side)
)


def _from_one(*edges: tuple[int, int]) -> tuple[tuple[int, int], ...]:
    """Edges of joints that count from 1, as publications print them."""
    return tuple((joint - 1, towards - 1) for joint, towards in edges)


NTU_RGBD = Layout(
    name='nturgb+d',
    joints=('spine_base', 'spine_mid', 'neck', 'head', *_LIMBS, 'spine_shoulder')
    + ('hand_tip_left', 'thumb_left', 'hand_tip_right', 'thumb_right'),
    edges=_from_one(
        *((1, 2), (2, 21), (3, 21), (4, 3), (5, 21), (6, 5), (7, 6), (8, 7)),
        *((9, 21), (10, 9), (11, 10), (12, 11), (13, 1), (14, 13), (15, 14), (16, 15)),
        *((17, 1), (18, 17), (19, 18), (20, 19), (22, 8), (23, 8), (24, 12), (25, 12)),
    ),
    center=20,
)
"""Kinect v2, 25 joints; the graph is MMAction2's ``nturgb+d``."""

KINECT20 = Layout(
    name='kinect20',
    joints=('hip_center', 'spine', 'shoulder_center', 'head', *_LIMBS),
    edges=_from_one(
        *((1, 2), (2, 3), (4, 3), (5, 3), (6, 5), (7, 6), (8, 7), (9, 3), (10, 9)),
        *((11, 10), (12, 11), (13, 1), (14, 13), (15, 14), (16, 15), (17, 1)),
        *((18, 17), (19, 18), (20, 19)),
    ),
    center=2,
)
"""Kinect v1, 20 joints; the graph is that of CTR-GCN for NW-UCLA."""

LAYOUTS = {layout.name: layout for layout in (NTU_RGBD, KINECT20)}


def find_layout(name: str) -> Layout:
    """The layout of a name.

    Raises:
        InputError: There is no such layout.
    """
    if name not in LAYOUTS:
        raise InputError(
            f'there is no skeleton layout {name!r}: choose from {", ".join(LAYOUTS)}'
        )
    return LAYOUTS[name]
