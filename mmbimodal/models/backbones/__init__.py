from .bimodal_timesformer import BimodalTimeSformer

__all__ = ['BimodalTimeSformer']
