"""Does the selection find the actor? Measured on pairs with known truth."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from mmbimodal.errors import InputError
from mmbimodal.structures import ModalitySelection, Selection

# Sums over frames, of which all shares are quotients.
_SUMS = (
    'sampled',
    'sampled_visible',
    'selected',
    'selected_visible',
    'drawn_visible',
    'pairs',
    'pairs_ranked',
    'kept',
    'kept_inside',
    'drawn_inside',
    'all',
    'all_inside',
)


def box_in_view(box: Sequence[float], crop: Sequence[float] | np.ndarray) -> np.ndarray:
    """Map a box from the full frame to what the model saw.

    Resizing does not change relative coordinates, so the crop is all there
    is to it.

    Args:
        box (Sequence[float]): x1, y1, x2, y2 in shares of the full frame.
        crop (Sequence[float]): Left, top, width and height of the view in
            shares of the full frame.

    Returns:
        np.ndarray: x1, y1, x2, y2 in shares of the view; outside of [0, 1]
        where the box reaches over its edge.
    """
    left, top, width, height = crop
    return (np.asarray(box) - (left, top, left, top)) / (width, height, width, height)


def regions_in_box(
    box: Sequence[float] | np.ndarray, grid: tuple[int, int]
) -> np.ndarray:
    """Which regions of a view have their centre in a box.

    Args:
        box (Sequence[float]): x1, y1, x2, y2 in shares of the view.
        grid (tuple[int, int]): Rows h and columns w of regions.

    Returns:
        np.ndarray: h×w, bool.
    """
    # centres of the rows (h) and of the columns (w)
    y, x = ((np.arange(size) + 0.5) / size for size in grid)
    x1, y1, x2, y2 = box
    rows = (y1 <= y) & (y <= y2)
    columns = (x1 <= x) & (x <= x2)
    return rows[:, None] & columns


def selection_quality(
    selections: Iterable[Selection], truth: Mapping[str, dict]
) -> dict[str, dict]:
    """Shares of selected frames and regions that show the actor.

    Frames: the share of selected frames (key and secondary) in which the
    actor is visible. Its chance level ``frames_chance`` is what as many frames
    drawn at random from each modality of each sample would reach: a model
    that prefers one modality gains nothing from it. ``frames_chance_any`` is
    the share of all sampled frames: against it, choosing modalities counts
    too. ``frames_auc`` is how often, of two frames of one modality of a
    sample, the one with the actor has the higher score; its chance level is
    0.5. A frame's visibility is the truth's, in its own modality.

    Regions, on frames with a box: the share of kept regions with the centre
    in the box. Its chance level ``regions_chance`` is what as many regions
    drawn at random from each of the same frames would reach: it leaves the
    choice of regions alone. ``regions_chance_any_frame`` is the share of all
    regions of all sampled frames: against it, choosing frames counts too.

    Args:
        selections (Iterable[Selection]): Of
            :func:`mmbimodal.apis.inspect_dataset`.
        truth (Mapping[str, dict]): Sample id → modality → ``visible``
            (one bool per frame of the video) and ``box`` (x1, y1, x2, y2 in
            shares of the frame, or None where the actor is outside of it).

    Returns:
        dict[str, dict]: ``overall`` and each modality → ``frames_visible``,
        ``frames_chance``, ``frames_chance_any``, ``frames_auc``,
        ``regions_inside``, ``regions_chance``, ``regions_chance_any_frame``
        (None where there was nothing to count), and the counts
        ``selected_frames``, ``sampled_frames``, ``kept_regions``.

    Raises:
        InputError: The truth lacks a sample, a modality or a frame.
    """
    sums: dict[str, dict[str, float]] = {}
    for selection in selections:
        for name, part in selection.modalities.items():
            try:
                known = truth[selection.sample_id][name]
                visible = [known['visible'][i] for i in part.frame_inds]
                boxes = [known['box'][i] for i in part.frame_inds]
            except (KeyError, IndexError) as error:
                raise InputError(
                    f'the truth knows no {error} of the {name} of sample '
                    f'{selection.sample_id}: use the truth.json that was '
                    'generated with the videos'
                ) from error
            tally = sums.setdefault(name, dict.fromkeys(_SUMS, 0.0))
            _add(tally, part, np.asarray(visible, dtype=bool), boxes)
    sums['overall'] = {key: sum(tally[key] for tally in sums.values()) for key in _SUMS}
    return {name: _shares(tally) for name, tally in sums.items()}


def _add(
    tally: dict[str, float],
    part: ModalitySelection,
    visible: np.ndarray,
    boxes: Sequence[Sequence[float] | None],
) -> None:
    """Count the T frames of one modality of one sample."""
    from sklearn.metrics import roc_auc_score  # slow to import

    selected = part.levels != 'background'
    tally['sampled'] += len(selected)
    tally['sampled_visible'] += visible.sum()
    tally['selected'] += selected.sum()
    tally['selected_visible'] += visible[selected].sum()
    # Expected number visible, of as many frames drawn from this modality.
    tally['drawn_visible'] += selected.sum() * visible.mean()
    pairs = visible.sum() * (~visible).sum()
    if pairs:
        tally['pairs'] += pairs
        tally['pairs_ranked'] += pairs * roc_auc_score(visible, part.scores)
    for marks, box in zip(part.marks, boxes):
        if box is None:
            continue
        inside = regions_in_box(box_in_view(box, part.crop), marks.shape)
        tally['all'] += inside.size
        tally['all_inside'] += inside.sum()
        tally['kept'] += marks.sum()
        tally['kept_inside'] += inside[marks].sum()
        # Expected number inside, of as many regions drawn from this frame.
        tally['drawn_inside'] += marks.sum() * inside.mean()


def _shares(tally: dict[str, float]) -> dict[str, Any]:
    """Quotients of the sums."""

    def share(part: str, whole: str) -> float | None:
        return float(tally[part] / tally[whole]) if tally[whole] else None

    return dict(
        frames_visible=share('selected_visible', 'selected'),
        frames_chance=share('drawn_visible', 'selected'),
        frames_chance_any=share('sampled_visible', 'sampled'),
        frames_auc=share('pairs_ranked', 'pairs'),
        regions_inside=share('kept_inside', 'kept'),
        regions_chance=share('drawn_inside', 'kept'),
        regions_chance_any_frame=share('all_inside', 'all'),
        selected_frames=int(tally['selected']),
        sampled_frames=int(tally['sampled']),
        kept_regions=int(tally['kept']),
    )
