from .blank_frames import BlankFrames
from .center_skeleton import CenterSkeleton
from .decode_skeleton import DecodeSkeleton
from .decode_video import DecodeVideo
from .for_each_modality import ForEachModality
from .load_skeleton import LoadSkeleton
from .load_visibility import LoadVisibility
from .modality_dropout import ModalityDropout
from .open_cached_video import OpenCachedVideo
from .open_video import OpenVideo
from .pack_modality_inputs import PackModalityInputs
from .sync_resize import SyncResize
from .sync_sample import SyncSample

__all__ = [
    'BlankFrames',
    'CenterSkeleton',
    'DecodeSkeleton',
    'DecodeVideo',
    'ForEachModality',
    'LoadSkeleton',
    'LoadVisibility',
    'ModalityDropout',
    'OpenCachedVideo',
    'OpenVideo',
    'PackModalityInputs',
    'SyncResize',
    'SyncSample',
]
