from .attention_product import attention_product
from .branch_features import (
    BranchFeatures,
    add_features,
    comparable,
    map_tensors,
    per_row,
    pool_features,
    tensors_of,
)
from .joint import count_of, frame_group, join_modalities
from .masked_attention import MaskedAttention, masked_attention
from .mlp import MLP
from .perturbed_topk import perturbed_jacobian, straight_through, top_indicator
from .presence import split_presence
from .pretrained_layouts import read_state_dict, resize_embeddings, to_encoder_layout
from .timesformer_encoder import TimeSformerEncoder
from .tokens import FrameGroup, ModalityTokens, SelectedTokens
from .upstream_weights import fill_backbone, load_pretrained

__all__ = [
    'MLP',
    'BranchFeatures',
    'FrameGroup',
    'MaskedAttention',
    'ModalityTokens',
    'SelectedTokens',
    'TimeSformerEncoder',
    'add_features',
    'attention_product',
    'comparable',
    'count_of',
    'fill_backbone',
    'frame_group',
    'join_modalities',
    'load_pretrained',
    'map_tensors',
    'masked_attention',
    'per_row',
    'perturbed_jacobian',
    'pool_features',
    'read_state_dict',
    'resize_embeddings',
    'split_presence',
    'straight_through',
    'tensors_of',
    'to_encoder_layout',
    'top_indicator',
]
