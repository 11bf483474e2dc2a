from .paired_video_dataset import PairedVideoDataset
from .pipeline import change_steps
from .sample import build_sample
from .transforms import (
    BlankFrames,
    CachedDecordInit,
    ForEachModality,
    LoadVisibility,
    ModalityDropout,
    PackModalityInputs,
    ScaledDecordDecode,
    ScaledDecordInit,
    SyncResize,
    SyncSample,
)

__all__ = [
    'BlankFrames',
    'CachedDecordInit',
    'ForEachModality',
    'LoadVisibility',
    'ModalityDropout',
    'PackModalityInputs',
    'PairedVideoDataset',
    'ScaledDecordDecode',
    'ScaledDecordInit',
    'SyncResize',
    'SyncSample',
    'build_sample',
    'change_steps',
]
