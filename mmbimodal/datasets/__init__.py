from .frames import nearest, open_frames
from .paired_dataset import PairedDataset
from .pipeline import change_steps
from .sample import build_sample
from .transforms import (
    BlankFrames,
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
    'nearest',
    'open_frames',
]
