from .attention_product import attention_product
from .masked_attention import MaskedAttention, masked_attention
from .mlp import MLP
from .perturbed_topk import perturbed_jacobian, straight_through, top_indicator
from .timesformer_encoder import TimeSformerEncoder

__all__ = [
    'MLP',
    'MaskedAttention',
    'TimeSformerEncoder',
    'attention_product',
    'masked_attention',
    'perturbed_jacobian',
    'straight_through',
    'top_indicator',
]
