"""What backbone, neck and head hand to each other."""

from typing import NamedTuple

from torch import Tensor


class ModalityTokens(NamedTuple):
    """What the backbone knows of one modality.

    With ``features`` it stands in for
    :class:`~mmbimodal.structures.BranchFeatures`, so that the same fusions
    follow.

    Args:
        cls_token (Tensor): Class token, B×C.
        patches (Tensor): Patch features, B×M×N×C: M frames of N regions.
        saliency (Tensor, optional): Score of each region, B×M×N (eq. 7), no
            gradient; None where the backbone was told not to score.
        present (Tensor): Whether the sample has this modality, B, bool.
    """

    cls_token: Tensor
    patches: Tensor
    saliency: Tensor | None
    present: Tensor

    @property
    def features(self) -> Tensor:
        """The class token, B×C."""
        return self.cls_token


class FrameGroup(NamedTuple):
    """Frames of which the same number of regions is kept.

    Args:
        frames (Tensor): Indices among the F frames of all modalities, B×f.
        regions (Tensor): Indices among the N regions of each, B×f×n.
    """

    frames: Tensor
    regions: Tensor


class SelectedTokens(NamedTuple):
    """Merged tokens of all modalities, and which of them are kept.

    The F frames are ordered modality by modality.

    Args:
        cls_token (Tensor): Bimodal class token, B×C.
        patches (Tensor): Patch features, B×F×N×C.
        marks (Tensor): 1 for a kept region and 0 for a dropped one, B×F×N
            (eq. 8); carries the gradient of the selection.
        frame_scores (Tensor): Scores in [0, 1], −inf where the modality is
            absent, B×F (eq. 4).
        groups (tuple[FrameGroup]): The kept frames and regions. A slot of a
            sample that has too few frames points at a region whose mark is 0.
        complete (bool): No slot of any group can have the mark 0.
    """

    cls_token: Tensor
    patches: Tensor
    marks: Tensor
    frame_scores: Tensor
    groups: tuple[FrameGroup, ...]
    complete: bool
