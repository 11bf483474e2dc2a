"""Bodies, clothes and manners of the forty subjects."""

from dataclasses import dataclass

import cv2
import numpy as np

from .skeleton import Physique

PATTERNS = ('plain', 'stripes', 'vest')


@dataclass(frozen=True)
class Subject:
    """Colours are BGR in 0..255; heats are shares of the way from a cool
    background (0) to bare skin (1)."""

    physique: Physique
    tempo: float
    colours: dict[str, tuple]
    heats: dict[str, float]
    pattern: str


def _colour(
    rng: np.random.Generator,
    saturation: tuple[float, float],
    value: tuple[float, float],
) -> tuple:
    hue = rng.integers(180)
    strength, brightness = 255 * rng.uniform(*saturation), 255 * rng.uniform(*value)
    hsv = np.array([[[hue, strength, brightness]]]).astype(np.uint8)
    return tuple(int(c) for c in cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR)[0, 0])


def draw_subject(rng: np.random.Generator) -> Subject:
    tone = rng.uniform(0.3, 1)
    skin = tuple(int(tone * c) for c in (150, 185, 235))
    top = _colour(rng, (0.2, 1), (0.35, 1))
    sleeves = skin if rng.random() < 0.5 else top
    clothes = rng.uniform(0.5, 0.75)
    return Subject(
        Physique(
            rng.uniform(1.56, 1.9),
            rng.uniform(0.92, 1.1),
            rng.uniform(0.96, 1.05),
            rng.uniform(0.92, 1.25),
        ),
        rng.uniform(0.93, 1.1),
        {
            'skin': skin,
            'sleeve': sleeves,
            'top': top,
            'accent': _colour(rng, (0, 0.6), (0.6, 1)),
            'trousers': _colour(rng, (0, 0.8), (0.15, 0.65)),
            'shoe': _colour(rng, (0, 0.3), (0.1, 0.9)),
        },
        {
            'skin': 1.0,
            'sleeve': 0.95 if sleeves is skin else clothes,
            'top': clothes,
            'accent': clothes - 0.08,
            'trousers': clothes - rng.uniform(0.02, 0.15),
            'shoe': rng.uniform(0.25, 0.5),
        },
        PATTERNS[rng.integers(len(PATTERNS))],
    )
