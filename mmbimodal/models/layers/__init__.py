from .adaptive_graph_conv import AdaptiveGraphConv
from .attention_product import attention_product
from .confidence_gate import ConfidenceGate
from .feature_correlation import FeatureCorrelation
from .feature_weighting import FeatureWeighting
from .full_precision import full_precision
from .masked_attention import MaskedAttention, masked_attention
from .mlp import MLP
from .perturbed_topk import perturbed_jacobian, straight_through, top_indicator
from .ranking import alternating_order, descending_order
from .timesformer_encoder import TimeSformerEncoder

__all__ = [
    'MLP',
    'AdaptiveGraphConv',
    'ConfidenceGate',
    'FeatureCorrelation',
    'FeatureWeighting',
    'MaskedAttention',
    'TimeSformerEncoder',
    'alternating_order',
    'attention_product',
    'descending_order',
    'full_precision',
    'masked_attention',
    'perturbed_jacobian',
    'straight_through',
    'top_indicator',
]
