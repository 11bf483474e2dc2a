from .bimodal_timesformer import BimodalTimeSformer
from .multi_branch_backbone import MultiBranchBackbone

__all__ = ['BimodalTimeSformer', 'MultiBranchBackbone']
