"""What a recognizer selects and predicts, ready to be shown or measured."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


class ModalitySelection(NamedTuple):
    """What the model saw and kept of one modality: T frames of h×w regions.

    Args:
        frames (np.ndarray): Pictures after resizing and cropping, T×H×W×3,
            uint8, RGB.
        frame_inds (np.ndarray): Their indices in the video, T.
        scores (np.ndarray): Frame scores in [0, 1], T (eq. 4).
        levels (np.ndarray): ``'key'``, ``'secondary'`` or
            ``'background'``, T.
        marks (np.ndarray): Kept regions, T×h×w, bool (eq. 8).
        crop (np.ndarray): Left, top, width and height of what the model saw,
            in shares of the video's full frame.
    """

    frames: np.ndarray
    frame_inds: np.ndarray
    scores: np.ndarray
    levels: np.ndarray
    marks: np.ndarray
    crop: np.ndarray


class Selection(NamedTuple):
    """Prediction for one sample, and what it rests on.

    Args:
        sample_id (str): Name of the sample.
        classes (tuple[str]): Names of the K classes.
        class_scores (np.ndarray): Probabilities, K.
        label (int, optional): True class, where it is known.
        modalities (dict[str, ModalitySelection]): Those the sample has, in
            the backbone's order.
    """

    sample_id: str
    classes: Sequence[str]
    class_scores: np.ndarray
    label: int | None
    modalities: dict[str, ModalitySelection]
