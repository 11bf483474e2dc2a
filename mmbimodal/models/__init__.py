from .backbones import BimodalTimeSformer
from .heads import MaskedFusionHead
from .losses import SelfDistillLoss
from .necks import ClassTokenSum, KeepAll, KeyframeSelector
from .recognizers import MultiModalRecognizer

__all__ = [
    'BimodalTimeSformer', 'ClassTokenSum', 'KeepAll', 'KeyframeSelector',
    'MaskedFusionHead', 'MultiModalRecognizer', 'SelfDistillLoss'
]
