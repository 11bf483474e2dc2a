"""Appearance of the same scene to the eye and to a thermal camera."""

import cv2
import numpy as np

from .figure import SHADES
from .scene import Scene
from .subject import Subject


class VisibleLook:
    """Clothes, shading and light from day to night."""

    thermal = False
    shades = SHADES

    def __init__(self, scene: Scene, rng: np.random.Generator) -> None:
        # Daylight, an overcast evening, a lamp: brightness and its colour.
        warmth = rng.uniform(-0.12, 0.12)
        self.light = rng.uniform(0.65, 1.1) * np.array([1 - warmth, 1.0, 1 + warmth])
        self.board = tuple(int(v) for v in rng.integers(30, 200, 3))
        self.shadow = tuple(int(0.7 * v) for v in scene.ground)

    def colours(self, subject: Subject, material: str) -> list[tuple]:
        colour = subject.colours[material]
        return [
            tuple(min(255.0, share * c) for c in colour) + (255,)
            for _, _, share in self.shades
        ]

    def occlude(self, picture, left: int, top: int, right: int, low: int) -> None:
        """Draw a painted board, in place."""
        cv2.rectangle(picture, (left, top), (right, low), self.board, -1)
        trim = tuple(int(0.6 * c) for c in self.board)
        for share in (0.25, 0.6):
            row = int(top + share * (low - top))
            cv2.rectangle(picture, (left, row), (right, row + 3), trim, -1)

    def develop(self, with_actor, without, contrast: float):
        """Both pictures [H, W, 3] as the camera shows them."""
        table = np.clip(
            np.arange(256)[:, None] * self.light * contrast + 4, 0, 255
        ).astype(np.uint8)[None]
        return cv2.LUT(with_actor, table), cv2.LUT(without, table)


class ThermalLook:
    """Body heat, a soft lens and the sensor's fixed pattern."""

    thermal = True
    shades = SHADES[:1]

    def __init__(self, scene: Scene, rng: np.random.Generator) -> None:
        self.cool = scene.heats[1]
        self.skin = rng.uniform(190, 240)
        self.board = (int(rng.integers(50, 110)),) * 3
        self.blur = rng.uniform(0.55, 0.85)
        # A person's heat in the ground is not seen after a step.
        self.shadow = None

    def level(self, heat: float) -> float:
        return self.cool + heat * (self.skin - self.cool)

    def colours(self, subject: Subject, material: str) -> list[tuple]:
        return [(self.level(subject.heats[material]),) * 3 + (255,)]

    def occlude(self, picture, left: int, top: int, right: int, low: int) -> None:
        """Draw a pane of glass, which is opaque to heat, in place."""
        cv2.rectangle(picture, (left, top), (right, low), self.board, -1)

    def develop(self, with_actor, without, contrast: float):
        """Both pictures [H, W, 3] as the camera shows them."""
        soft = [
            cv2.GaussianBlur(picture, (0, 0), self.blur)
            for picture in (with_actor, without)
        ]
        if contrast < 1:
            soft[0] = cv2.addWeighted(soft[0], contrast, soft[1], 1 - contrast, 0)
        return soft
