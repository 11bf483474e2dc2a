"""A body as rounded shapes between its joints, drawn far to near."""

from dataclasses import dataclass

import cv2
import numpy as np

from .camera import Camera, View
from .skeleton import INDEX
from .subject import Subject

# (material, ((joint, radius as a share of the body height), ...)).
_LIMBS = [
    ('trousers', (('hip_{}', 0.052), ('knee_{}', 0.034))),
    ('trousers', (('knee_{}', 0.033), ('ankle_{}', 0.021))),
    ('shoe', (('ankle_{}', 0.022), ('foot_{}', 0.018))),
    ('top', (('shoulder_{}', 0.032), ('elbow_{}', 0.025))),
    ('sleeve', (('elbow_{}', 0.024), ('wrist_{}', 0.018))),
    ('skin', (('wrist_{}', 0.018), ('hand_{}', 0.023), ('hand_tip_{}', 0.012))),
]
_TRUNK = [
    ('trousers', (('spine_mid', 0.058), ('hip_left', 0.05), ('hip_right', 0.05))),
    (
        'top',
        (
            ('shoulder_left', 0.034),
            ('shoulder_right', 0.034),
            ('spine_mid', 0.066),
            ('spine_shoulder', 0.04),
        ),
    ),
    ('skin', (('spine_shoulder', 0.03), ('neck', 0.03), ('head', 0.03))),
    ('skin', (('head', 0.062),)),
]
PARTS = _TRUNK + [
    (material, tuple((joint.format(side), radius) for joint, radius in circles))
    for side in ('left', 'right')
    for material, circles in _LIMBS
]

_CORNERS = 14
_CIRCLE = np.stack(
    [
        np.cos(np.linspace(0, 2 * np.pi, _CORNERS, False)),
        np.sin(np.linspace(0, 2 * np.pi, _CORNERS, False)),
    ],
    1,
)
# Sub-pixel positions: cv2 takes integers with this many binary digits.
_DIGITS = 4
# Rim, lit side and highlight: (size, way towards the light, brightness).
SHADES = ((1.0, 0.0, 0.62), (0.72, 0.22, 1.0), (0.34, 0.42, 1.18))


@dataclass
class Shape:
    """One part in one frame: outlines in pixels for every shade."""

    depth: float
    material: str
    outlines: list[np.ndarray]


@dataclass
class Figure:
    """A person before one modality's camera, all frames."""

    subject: Subject
    centres: np.ndarray
    radii: np.ndarray
    depths: np.ndarray
    ground: np.ndarray

    @classmethod
    def of(
        cls, subject: Subject, joints: np.ndarray, camera: Camera, view: View
    ) -> 'Figure':
        """Joints [T, 25, 3] on the stage -> centres [T, 25, 2] in shares of
        the picture, radii [T, 25] in picture heights per metre, depths
        [T, 25] in metres, ground [T, 2] below the body."""
        seen = camera.look(joints)
        depths = seen[..., 2]
        below = joints[:, 0] * (1, 0, 1)
        return cls(
            subject,
            view(camera.project(seen)),
            view.scale * camera.focal / np.maximum(depths, 0.3),
            depths,
            view(camera.project(camera.look(below))),
        )

    def extent(self, aspect: float) -> np.ndarray:
        """x1, y1, x2, y2 of the body in shares of the picture, [T, 4]."""
        size = np.zeros(25)
        for _, circles in PARTS:
            for joint, radius in circles:
                index = INDEX[joint]
                size[index] = max(size[index], radius)
        reach = self.radii * size * self._girth()
        reach = np.stack([reach / aspect, reach], -1)
        return np.concatenate(
            [(self.centres - reach).min(1), (self.centres + reach).max(1)], 1
        )

    def _girth(self) -> float:
        physique = self.subject.physique
        return physique.height * physique.girth

    def shapes(
        self, width: int, height: int, light: np.ndarray, shades=SHADES
    ) -> list[list[Shape]]:
        """The parts of every frame; light [2] points to the lit side."""
        centres = self.centres * (width, height)
        parts = []
        for material, circles in PARTS + _pattern(self.subject.pattern):
            index = [INDEX[joint] for joint, _ in circles]
            share = np.array([radius for _, radius in circles])
            radius = self.radii[:, index] * share * self._girth() * height
            radius = np.maximum(radius, 0.8)
            outlines = []
            for size, way, _ in shades:
                middle = centres[:, index] + way * radius[..., None] * light
                points = middle[:, :, None] + (size * radius[..., None, None] * _CIRCLE)
                outlines.append(
                    np.round(points * 2**_DIGITS)
                    .astype(np.int32)
                    .reshape(len(points), -1, 2)
                )
            # Pieces of pattern lie on the cloth, hence the small step.
            near = (
                self.depths[:, index].mean(1)
                - share.max()
                - (0.02 if material == 'accent' else 0)
            )
            parts.append((near, material, outlines))
        return [
            [
                Shape(near[frame], material, [o[frame] for o in outlines])
                for near, material, outlines in parts
            ]
            for frame in range(len(centres))
        ]


def _pattern(name: str) -> list:
    if name == 'plain':
        return []
    if name == 'vest':
        return [('accent', (('spine_shoulder', 0.03), ('spine_mid', 0.045)))]
    return [
        ('accent', ((f'shoulder_{side}', 0.012), ('spine_mid', 0.014)))
        for side in ('left', 'right')
    ]


def paint(canvas: np.ndarray, shapes: list[tuple[Shape, list]]) -> None:
    """Draw shapes with one colour per outline onto a canvas, in place."""
    for shape, colours in sorted(shapes, key=lambda item: -item[0].depth):
        for outline, colour in zip(shape.outlines, colours):
            cv2.fillConvexPoly(
                canvas, cv2.convexHull(outline), colour, cv2.LINE_AA, _DIGITS
            )
