from .backbones import BimodalTimeSformer, MultiBranchBackbone
from .heads import MaskedFusionHead
from .losses import SelfDistillLoss
from .necks import (ClassTokenSum, FeatureConcat, FeatureMean, FeatureSum,
                    KeepAll, KeyframeSelector)
from .recognizers import MultiModalRecognizer

__all__ = [
    'BimodalTimeSformer', 'ClassTokenSum', 'FeatureConcat', 'FeatureMean',
    'FeatureSum', 'KeepAll', 'KeyframeSelector', 'MaskedFusionHead',
    'MultiBranchBackbone', 'MultiModalRecognizer', 'SelfDistillLoss'
]
