"""Backgrounds: one place in visible light and in heat."""

from dataclasses import dataclass

import cv2
import numpy as np

from .camera import View


@dataclass(frozen=True)
class Structure:
    """An object in the background: a box in shares of the RGB picture, its colour
    (BGR) and its heat (grey level)."""

    kind: str
    box: tuple[float, float, float, float]
    colour: tuple[int, int, int]
    heat: int


@dataclass(frozen=True)
class Scene:
    """Colours are BGR, heats grey levels; ``horizon`` is a height in shares
    of the RGB picture."""

    horizon: float
    above: tuple[int, int, int]
    ground: tuple[int, int, int]
    heats: tuple[int, int]
    grain: np.ndarray
    structures: tuple[Structure, ...]


KINDS = ('house', 'tree', 'pole', 'box')


def _colour(values: np.ndarray) -> tuple[int, int, int]:
    """Blue, green and red, cut to whole numbers."""
    blue, green, red = (int(value) for value in values)
    return blue, green, red


def draw_scene(rng: np.random.Generator) -> Scene:
    horizon = rng.uniform(0.36, 0.55)
    structures = []
    for _ in range(rng.integers(1, 5)):
        kind = KINDS[rng.integers(len(KINDS))]
        x, wide = rng.uniform(-0.1, 1), rng.uniform(0.12, 0.3)
        top = horizon - rng.uniform(0.08, 0.4)
        foot = horizon + rng.uniform(0.0, 0.12)
        if kind == 'pole':
            wide, top = 0.02, horizon - rng.uniform(0.3, 0.5)
        if kind == 'box':
            top = horizon - rng.uniform(0.02, 0.08)
        structures.append(
            Structure(
                kind,
                (x, top, x + wide, foot),
                _colour(rng.integers(50, 170) + rng.integers(-40, 41, 3)),
                int(rng.integers(45, 105)),
            )
        )
    grey = rng.uniform(70, 170)
    # Skies and walls are greyish, as is the ground.
    above = rng.uniform(130, 225) + rng.uniform(-35, 35, 3)
    return Scene(
        horizon,
        _colour(above.clip(max=245)),
        _colour(grey + rng.uniform(-30, 30, 3)),
        (int(rng.integers(25, 70)), int(rng.integers(60, 105))),
        rng.standard_normal((48, 64)).astype(np.float32),
        tuple(structures),
    )


def background(
    scene: Scene, view: View, size: tuple[int, int], thermal: bool
) -> np.ndarray:
    """The empty place; size is (height, width) -> [H, W, 3] uint8."""
    height, width = size

    def corner(x: float, y: float) -> tuple[int, int]:
        at = view(np.array([x, y])) * (width, height)
        return round(at[0]), round(at[1])

    above, ground = (
        ((scene.heats[0],) * 3, (scene.heats[1],) * 3)
        if thermal
        else (scene.above, scene.ground)
    )
    picture = np.empty((height, width, 3), np.float32)
    row = corner(0, scene.horizon)[1]
    picture[: max(row, 0)] = above
    # The ground is darker far away.
    picture[max(row, 0) :] = ground
    depth = np.clip((np.arange(height) - row) / (height - row), 0, 1)
    picture *= np.where(depth > 0, 0.8 + 0.3 * depth, 1)[:, None, None]
    for item in scene.structures:
        _structure(picture, item, corner, thermal)
    coarse = cv2.resize(scene.grain, (width, height), interpolation=cv2.INTER_CUBIC)
    blotches = cv2.resize(
        scene.grain[::6, ::6], (width, height), interpolation=cv2.INTER_CUBIC
    )
    strength = (2, 3) if thermal else (5, 6)
    picture += (strength[0] * coarse + strength[1] * blotches)[..., None]
    return np.clip(picture, 0, 255).astype(np.uint8)


def _structure(picture, item: Structure, corner, thermal: bool) -> None:
    x1, y1, x2, y2 = item.box
    colour = (item.heat,) * 3 if thermal else item.colour
    if item.kind == 'tree':
        trunk = tuple(0.6 * c for c in colour)
        middle = (x1 + x2) / 2
        cv2.rectangle(
            picture,
            corner(middle - 0.012, (y1 + y2) / 2),
            corner(middle + 0.012, y2),
            trunk,
            -1,
        )
        left, top = corner(x1, y1)
        right, low = corner(x2, 0.35 * y1 + 0.65 * y2)
        cv2.ellipse(
            picture,
            ((left + right) // 2, (top + low) // 2),
            (max(1, (right - left) // 2), max(1, (low - top) // 2)),
            0,
            0,
            360,
            colour,
            -1,
        )
        return
    cv2.rectangle(picture, corner(x1, y1), corner(x2, y2), colour, -1)
    if item.kind != 'house':
        return
    pane = tuple(min(255.0, c * 1.25 + 12) if thermal else c * 0.5 for c in colour)
    for across in (0.2, 0.6):
        for down in (0.15, 0.5):
            x, y = x1 + across * (x2 - x1), y1 + down * (y2 - y1)
            cv2.rectangle(
                picture,
                corner(x, y),
                corner(x + 0.22 * (x2 - x1), y + 0.2 * (y2 - y1)),
                pane,
                -1,
            )


def warm_objects(
    picture: np.ndarray, around: np.ndarray, level: float, rng: np.random.Generator
) -> None:
    """Things as hot as clothes behind the actor, drawn in place; around
    [4] is the actor's box over the whole clip in shares of the picture."""
    height, width = picture.shape[:2]
    x1, y1, x2, y2 = around
    for _ in range(rng.integers(2, 4)):
        wide = (x2 - x1) * rng.uniform(0.4, 0.8)
        high = (y2 - y1) * rng.uniform(0.35, 0.75)
        x = rng.uniform(x1 - 0.2 * wide, x2 - 0.8 * wide)
        y = rng.uniform(y1 - 0.1 * high, y2 - 0.9 * high)
        heat = level + rng.uniform(-12, 18)
        cv2.rectangle(
            picture,
            (int(x * width), int(y * height)),
            (int((x + wide) * width), int((y + high) * height)),
            (heat,) * 3,
            -1,
        )
    cv2.GaussianBlur(picture, (3, 3), 0, dst=picture)
