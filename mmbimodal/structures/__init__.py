"""What flows between the rooms of the package."""

from .branch_features import (
    BranchFeatures,
    add_features,
    align_features,
    broadcast_rows,
    map_tensors,
    pool_features,
    tensors_of,
)
from .branches import Branches, present_mean, present_softmax
from .merged_tokens import frame_group, merge_modalities, num_kept
from .predictions import Predictions
from .presence import split_presence
from .selection import ModalitySelection, Selection
from .tokens import FrameGroup, ModalityTokens, SelectedTokens

__all__ = [
    'BranchFeatures',
    'Branches',
    'FrameGroup',
    'ModalitySelection',
    'ModalityTokens',
    'Predictions',
    'SelectedTokens',
    'Selection',
    'add_features',
    'align_features',
    'broadcast_rows',
    'frame_group',
    'map_tensors',
    'merge_modalities',
    'num_kept',
    'pool_features',
    'present_mean',
    'present_softmax',
    'split_presence',
    'tensors_of',
]
