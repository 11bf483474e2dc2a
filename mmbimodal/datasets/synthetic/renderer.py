"""Rendering of the frames of one modality and their truth."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from .camera import View
from .figure import Figure, paint
from .handicaps import Handicaps, occluder_track
from .looks import ThermalLook, VisibleLook
from .scene import Scene, background, warm_objects

# The actor counts as visible in a frame when at least this share of its
# silhouette differs from the same picture without it by more than the
# contrast in grey levels (plus the noise's deviation).
VISIBLE_SHARE = 0.35
VISIBLE_CONTRAST = 12


@dataclass
class Film:
    """Frames [T][H, W, 3] BGR; visible [T] bool; boxes and, where there is one,
    the occluder [T, 4] in shares of the picture, x1 y1 x2 y2, not clipped."""

    frames: list[np.ndarray]
    visible: np.ndarray
    boxes: np.ndarray
    occluder: np.ndarray | None = None


def render(
    actors: list[Figure],
    passer_by: Figure,
    scene: Scene,
    look: VisibleLook | ThermalLook,
    view: View,
    size: tuple[int, int],
    handicaps: Handicaps,
    rng: np.random.Generator,
    distractors: Sequence[Figure] = (),
) -> Film:
    """Draw a clip; size is (height, width).

    Distractors stand before the occluder, which stays where it is for the
    frames that it hides.
    """
    height, width = size
    extents = np.stack([actor.extent(width / height) for actor in actors])
    boxes = np.concatenate([extents[..., :2].min(0), extents[..., 2:].max(0)], 1)
    place = background(scene, view, size, look.thermal)
    if handicaps.warm_background:
        around = np.r_[boxes[:, :2].min(0), boxes[:, 2:].max(0)]
        warm_objects(place, around, look.level(0.7), rng)
    place = cv2.cvtColor(place, cv2.COLOR_BGR2BGRA)
    place[..., 3] = 0
    track, board = None, None
    if handicaps.hidden:
        place_of = _standing(boxes, handicaps.hidden) if distractors else boxes
        track = occluder_track(handicaps.hidden, place_of, rng)
        # A distractor's board is as high as the picture: even a small model
        # can tell the frame by it.
        rows = (
            (0.0, 1.0)
            if distractors
            else (boxes[:, 1].min() - 0.04, boxes[:, 3].max() + 0.03)
        )
        board = np.insert(track, (1, 2), rows, axis=1)  # T×4
    light = np.array([rng.choice((-1, 1)) * 0.7, -0.7])
    layers = [_coloured(actor, look, size, light) for actor in actors]
    behind = _coloured(passer_by, look, size, light, alpha=0)
    before = [
        _coloured(_carried(figure, track, handicaps.hidden), look, size, light)
        for figure in distractors
    ]
    grain = _grain(look.thermal, handicaps.sigma, len(boxes), size, rng)

    frames, visible = [], []
    for index in range(len(boxes)):
        canvas = place.copy()
        if handicaps.passer_by:
            paint(canvas, behind[index])
        for actor in actors:
            _shadow(canvas, actor, index, look.shadow)
        empty = canvas[..., :3].copy()
        paint(canvas, [item for layer in layers for item in layer[index]])
        silhouette = canvas[..., 3] > 127
        full = canvas[..., :3].copy()
        if track is not None:
            edges = (
                round(track[index, 0] * width),
                int(rows[0] * height),
                round(track[index, 1] * width),
                int(np.ceil(rows[1] * height)),
            )
            look.occlude(full, *edges)
            look.occlude(empty, *edges)
        for picture in (full, empty):
            paint(picture, [item for layer in before for item in layer[index]])
        full, empty = look.develop(full, empty, handicaps.contrast[index])
        difference = cv2.absdiff(full, empty).max(-1)
        seen = difference[silhouette] > VISIBLE_CONTRAST + handicaps.sigma
        share = seen.mean() if seen.size else 0.0
        visible.append(share * _inside(actors, index) >= VISIBLE_SHARE)
        frames.append(np.clip(full + grain[index], 0, 255).astype(np.uint8))
    return Film(frames, np.array(visible), boxes, board)


def _standing(boxes: np.ndarray, hidden: tuple[int, int]) -> np.ndarray:
    """Boxes [T, 4], where every hidden frame has the box around all hidden frames."""
    span = slice(*hidden)
    boxes = boxes.copy()
    boxes[span, :2] = boxes[span, :2].min(0)
    boxes[span, 2:] = boxes[span, 2:].max(0)
    return boxes


def _carried(figure: Figure, track: np.ndarray, hidden: tuple[int, int]) -> Figure:
    """Move a figure in and out together with the occluder."""
    middle = track.mean(1)
    shift = np.stack([middle - middle[hidden[0]], np.zeros(len(middle))], -1)
    return replace(figure, centres=figure.centres + shift[:, None])


def _coloured(figure: Figure, look, size, light, alpha: int = 255):
    """Shapes with their colours for every frame, ready to paint."""
    height, width = size
    colours = {
        material: [
            colour[:3] + (alpha,) for colour in look.colours(figure.subject, material)
        ]
        for material in figure.subject.colours
    }
    return [
        [(shape, colours[shape.material]) for shape in shapes]
        for shapes in figure.shapes(width, height, light, look.shades)
    ]


def _grain(
    thermal: bool, sigma: float, frames: int, size, rng: np.random.Generator
) -> np.ndarray:
    """Noise in grey levels, [T, H, W, 1]; a thermal sensor's is partly the
    same in every frame: columns and single pixels."""
    grain = rng.standard_normal((frames, *size), np.float32) * sigma
    if thermal:
        grain += 2.5 * rng.standard_normal(size[1], np.float32)
        grain += 2.5 * rng.standard_normal(size, np.float32)
    return grain[..., None]


def _shadow(canvas, actor: Figure, index: int, colour) -> None:
    """A dark spot on the ground; it stays there when the body jumps."""
    if colour is None:
        return
    height, width = canvas.shape[:2]
    (x, y), reach = actor.ground[index], actor.radii[index, 0] * height
    cv2.ellipse(
        canvas,
        (int(x * width), int(y * height)),
        (int(0.3 * reach), max(1, int(0.07 * reach))),
        0,
        0,
        360,
        colour + (0,),
        -1,
        cv2.LINE_AA,
    )


def _inside(actors: list[Figure], index: int) -> float:
    """Share of the actors' joints that lie in the picture."""
    joints = np.concatenate([actor.centres[index] for actor in actors])
    return ((joints >= 0) & (joints <= 1)).all(1).mean()
