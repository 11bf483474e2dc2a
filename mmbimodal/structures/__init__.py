"""What flows between the rooms of the package."""

from .branch_features import (
    BranchFeatures,
    add_features,
    align_features,
    broadcast_rows,
    check_branch_output,
    map_tensors,
    pool_features,
    tensors_of,
)
from .branches import (
    Branches,
    channels_by_name,
    pool_branches,
    present_mean,
    present_softmax,
    top_k_accuracy,
)
from .condition import Condition
from .features import Features
from .merged_tokens import frame_group, merge_modalities, num_kept
from .predictions import Predictions
from .presence import (
    Presence,
    check_modalities,
    presence_of,
    present_rows,
    scatter_rows,
    to_mask,
    without_modalities,
)
from .regions import Regions, flatten_regions, select_regions
from .selection import ModalitySelection, Selection
from .timeline import Segment, Timeline, cell_edges, even_times, windows_of_cell
from .tokens import FrameGroup, ModalityTokens, SelectedTokens

__all__ = [
    'BranchFeatures',
    'Branches',
    'Condition',
    'Features',
    'FrameGroup',
    'ModalitySelection',
    'ModalityTokens',
    'Predictions',
    'Presence',
    'Regions',
    'Segment',
    'SelectedTokens',
    'Selection',
    'Timeline',
    'add_features',
    'align_features',
    'broadcast_rows',
    'cell_edges',
    'channels_by_name',
    'check_branch_output',
    'check_modalities',
    'even_times',
    'flatten_regions',
    'frame_group',
    'map_tensors',
    'merge_modalities',
    'num_kept',
    'pool_branches',
    'pool_features',
    'presence_of',
    'present_mean',
    'present_rows',
    'present_softmax',
    'scatter_rows',
    'select_regions',
    'tensors_of',
    'to_mask',
    'top_k_accuracy',
    'windows_of_cell',
    'without_modalities',
]
