from .backbones import (
    BimodalTimeSformer,
    Hiera,
    MultiBranchBackbone,
    SkeletonBranch,
    VideoFocalNet,
)
from .data_preprocessors import PairedDataPreprocessor
from .heads import (
    AMFIFusionHead,
    DynMMHead,
    MaskedFusionHead,
    PDFHead,
    QMFHead,
    ScoreAverageHead,
    TMCHead,
)
from .losses import GateLoss, SelfDistillLoss
from .necks import (
    FeatureConcat,
    FeatureMean,
    FeatureSum,
    KeepAll,
    KeyframeSelector,
    OracleSelector,
)
from .recognizers import MultiModalRecognizer

__all__ = [
    'AMFIFusionHead',
    'BimodalTimeSformer',
    'DynMMHead',
    'FeatureConcat',
    'FeatureMean',
    'FeatureSum',
    'GateLoss',
    'Hiera',
    'KeepAll',
    'KeyframeSelector',
    'MaskedFusionHead',
    'MultiBranchBackbone',
    'MultiModalRecognizer',
    'OracleSelector',
    'PDFHead',
    'PairedDataPreprocessor',
    'QMFHead',
    'ScoreAverageHead',
    'SelfDistillLoss',
    'SkeletonBranch',
    'TMCHead',
    'VideoFocalNet',
]
