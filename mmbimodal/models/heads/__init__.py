from .masked_fusion_head import MaskedFusionHead

__all__ = ['MaskedFusionHead']
