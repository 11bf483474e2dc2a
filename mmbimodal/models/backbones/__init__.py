from .agcn import AGCN
from .bimodal_timesformer import BimodalTimeSformer
from .hiera import Hiera
from .multi_branch_backbone import MultiBranchBackbone
from .skeleton_branch import SkeletonBranch
from .video_focalnet import VideoFocalNet

__all__ = [
    'AGCN',
    'BimodalTimeSformer',
    'Hiera',
    'MultiBranchBackbone',
    'SkeletonBranch',
    'VideoFocalNet',
]
