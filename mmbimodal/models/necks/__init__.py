from .feature_concat import FeatureConcat
from .feature_mean import FeatureMean
from .feature_sum import FeatureSum
from .keep_all import KeepAll
from .keyframe_selector import KeyframeSelector
from .oracle_selector import OracleSelector

__all__ = [
    'FeatureConcat',
    'FeatureMean',
    'FeatureSum',
    'KeepAll',
    'KeyframeSelector',
    'OracleSelector',
]
