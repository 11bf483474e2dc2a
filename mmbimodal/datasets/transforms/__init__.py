from .blank_frames import BlankFrames
from .cached_decord_init import CachedDecordInit
from .for_each_modality import ForEachModality
from .load_visibility import LoadVisibility
from .modality_dropout import ModalityDropout
from .pack_modality_inputs import PackModalityInputs
from .scaled_decord_decode import ScaledDecordDecode
from .scaled_decord_init import ScaledDecordInit
from .sync_resize import SyncResize
from .sync_sample import SyncSample

__all__ = [
    'BlankFrames',
    'CachedDecordInit',
    'ForEachModality',
    'LoadVisibility',
    'ModalityDropout',
    'PackModalityInputs',
    'ScaledDecordDecode',
    'ScaledDecordInit',
    'SyncResize',
    'SyncSample',
]
