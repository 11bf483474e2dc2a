from .backbones import (BimodalTimeSformer, Hiera, MultiBranchBackbone,
                        VideoFocalNet)
from .heads import MaskedFusionHead
from .losses import SelfDistillLoss
from .necks import (ClassTokenSum, FeatureConcat, FeatureMean, FeatureSum,
                    KeepAll, KeyframeSelector)
from .recognizers import MultiModalRecognizer

__all__ = [
    'BimodalTimeSformer', 'ClassTokenSum', 'FeatureConcat', 'FeatureMean',
    'FeatureSum', 'Hiera', 'KeepAll', 'KeyframeSelector', 'MaskedFusionHead',
    'MultiBranchBackbone', 'MultiModalRecognizer', 'SelfDistillLoss',
    'VideoFocalNet'
]
