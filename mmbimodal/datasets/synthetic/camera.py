"""Projection of the stage into the pictures of both modalities."""

from dataclasses import dataclass

import numpy as np

# Cross-view as in NTU RGB+D: camera 1 tests, cameras 2 and 3 train.
AZIMUTHS = {1: 0.0, 2: -0.2, 3: 0.2}


@dataclass(frozen=True)
class Camera:
    """A pinhole camera that looks at ``aim``; angles in radians, lengths in metres.

    ``focal`` is in picture heights, ``aspect`` is width / height.
    """

    azimuth: float
    elevation: float
    distance: float
    focal: float
    aspect: float
    aim: tuple[float, float, float]

    def look(self, points: np.ndarray) -> np.ndarray:
        """Stage [..., 3] -> camera [..., 3]: right, up, depth."""
        sin, cos = np.sin(self.azimuth), np.cos(self.azimuth)
        tilt_sin, tilt_cos = np.sin(self.elevation), np.cos(self.elevation)
        towards = np.array([sin * tilt_cos, tilt_sin, cos * tilt_cos])
        right = np.array([cos, 0, -sin])
        up = np.cross(towards, right)
        offset = points - np.array(self.aim)
        return np.stack(
            [offset @ right, offset @ up, self.distance - offset @ towards], -1
        )

    def project(self, seen: np.ndarray) -> np.ndarray:
        """Camera [..., 3] -> picture [..., 2], 0..1 from the upper left."""
        depth = np.maximum(seen[..., 2], 0.3)
        return np.stack(
            [
                0.5 + self.focal * seen[..., 0] / depth / self.aspect,
                0.5 - self.focal * seen[..., 1] / depth,
            ],
            -1,
        )


@dataclass(frozen=True)
class View:
    """Where a modality's picture lies in the RGB picture: a scale about the
    middle, then a shift in shares of the picture."""

    scale: float = 1.0
    shift: tuple[float, float] = (0.0, 0.0)

    def __call__(self, points: np.ndarray) -> np.ndarray:
        """[..., 2] of the RGB picture -> [..., 2] of this one."""
        return 0.5 + self.scale * (points - 0.5) + np.array(self.shift)


def draw_camera(number: int, aspect: float, rng) -> Camera:
    """Draw a camera in which a person fills 70 to 80 % of the height."""
    distance = rng.uniform(4.5, 6.5)
    share = rng.uniform(0.7, 0.8)
    return Camera(
        AZIMUTHS[number] + rng.uniform(-0.15, 0.15),
        rng.uniform(0.03, 0.12),
        distance,
        share * distance / 1.72,
        aspect,
        (rng.uniform(-0.04, 0.04), rng.uniform(0.9, 0.96), 0.0),
    )


def draw_view(setup_rng, rng) -> View:
    """Draw a view: the mounting of the setup with a small deviation per clip."""
    shift = setup_rng.uniform(-0.05, 0.05, 2) + rng.uniform(-0.01, 0.01, 2)
    return View(setup_rng.uniform(0.87, 1.13) * rng.uniform(0.98, 1.02), tuple(shift))
