from .class_token_sum import ClassTokenSum
from .keep_all import KeepAll
from .keyframe_selector import KeyframeSelector

__all__ = ['ClassTokenSum', 'KeepAll', 'KeyframeSelector']
