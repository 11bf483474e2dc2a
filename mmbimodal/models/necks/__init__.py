from .class_token_sum import ClassTokenSum
from .feature_concat import FeatureConcat
from .feature_mean import FeatureMean
from .feature_sum import FeatureSum
from .keep_all import KeepAll
from .keyframe_selector import KeyframeSelector

__all__ = [
    'ClassTokenSum', 'FeatureConcat', 'FeatureMean', 'FeatureSum', 'KeepAll',
    'KeyframeSelector'
]
