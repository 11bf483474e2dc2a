from .paired_video_dataset import PairedVideoDataset
from .sample import build_sample
from .transforms import (ForEachModality, PackModalityInputs, SyncResize,
                         SyncSample)

__all__ = [
    'ForEachModality', 'PackModalityInputs', 'PairedVideoDataset',
    'SyncResize', 'SyncSample', 'build_sample'
]
