from .blank_frames import BlankFrames
from .center_skeleton import CenterSkeleton
from .crop_around_body import CropAroundBody
from .decode_skeleton import DecodeSkeleton
from .decode_video import DecodeVideo
from .flip_skeleton import FlipSkeleton
from .for_each_modality import ForEachModality
from .load_skeleton import LoadSkeleton
from .load_visibility import LoadVisibility
from .min_max_frames import MinMaxFrames
from .min_max_skeleton import MinMaxSkeleton
from .modality_dropout import ModalityDropout
from .open_cached_video import OpenCachedVideo
from .open_video import OpenVideo
from .pack_modality_inputs import PackModalityInputs
from .random_right_angle import RandomRightAngle
from .resample_skeleton import ResampleSkeleton
from .rotate_skeleton import RotateSkeleton
from .scale_skeleton import ScaleSkeleton
from .skeleton_streams import SkeletonStreams
from .sync_resize import SyncResize
from .sync_sample import SyncSample

__all__ = [
    'BlankFrames',
    'CenterSkeleton',
    'CropAroundBody',
    'DecodeSkeleton',
    'DecodeVideo',
    'FlipSkeleton',
    'ForEachModality',
    'LoadSkeleton',
    'LoadVisibility',
    'MinMaxFrames',
    'MinMaxSkeleton',
    'ModalityDropout',
    'OpenCachedVideo',
    'OpenVideo',
    'PackModalityInputs',
    'RandomRightAngle',
    'ResampleSkeleton',
    'RotateSkeleton',
    'ScaleSkeleton',
    'SkeletonStreams',
    'SyncResize',
    'SyncSample',
]
