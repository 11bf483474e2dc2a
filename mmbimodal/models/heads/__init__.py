from .amfi_fusion_head import AMFIFusionHead
from .dynmm_head import DynMMHead
from .masked_fusion_head import MaskedFusionHead
from .pdf_head import PDFHead
from .qmf_head import QMFHead
from .score_average_head import ScoreAverageHead
from .score_fusion_head import ScoreFusionHead
from .tmc_head import TMCHead

__all__ = [
    'AMFIFusionHead',
    'DynMMHead',
    'MaskedFusionHead',
    'PDFHead',
    'QMFHead',
    'ScoreAverageHead',
    'ScoreFusionHead',
    'TMCHead',
]
