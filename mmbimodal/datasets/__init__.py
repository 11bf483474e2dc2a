from .frames import nearest, open_frames
from .paired_dataset import PairedDataset
from .pipeline import change_steps, copy_modality, keep_modalities
from .sample import build_sample
from .transforms import (
    BlankFrames,
    CenterSkeleton,
    DecodeSkeleton,
    DecodeVideo,
    ForEachModality,
    LoadSkeleton,
    LoadVisibility,
    ModalityDropout,
    OpenCachedVideo,
    OpenVideo,
    PackModalityInputs,
    SyncResize,
    SyncSample,
)

__all__ = [
    'BlankFrames',
    'CenterSkeleton',
    'DecodeSkeleton',
    'DecodeVideo',
    'ForEachModality',
    'LoadSkeleton',
    'LoadVisibility',
    'ModalityDropout',
    'OpenCachedVideo',
    'OpenVideo',
    'PackModalityInputs',
    'PairedDataset',
    'SyncResize',
    'SyncSample',
    'build_sample',
    'change_steps',
    'copy_modality',
    'keep_modalities',
    'nearest',
    'open_frames',
]
