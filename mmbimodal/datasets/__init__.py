from .paired_video_dataset import PairedVideoDataset
from .sample import build_sample
from .transforms import (ForEachModality, PackModalityInputs,
                         ScaledDecordDecode, ScaledDecordInit, SyncResize,
                         SyncSample)

__all__ = [
    'ForEachModality', 'PackModalityInputs', 'PairedVideoDataset',
    'ScaledDecordDecode', 'ScaledDecordInit', 'SyncResize', 'SyncSample',
    'build_sample'
]
