from .attention_product import attention_product
from .joint import count_of, frame_group, join_modalities
from .masked_attention import MaskedAttention, masked_attention
from .mlp import MLP
from .perturbed_topk import (perturbed_jacobian, straight_through,
                             top_indicator)
from .presence import split_presence
from .pretrained_layouts import (read_state_dict, resize_embeddings,
                                 to_encoder_layout)
from .timesformer_encoder import TimeSformerEncoder
from .tokens import FrameGroup, ModalityTokens, SelectedTokens

__all__ = [
    'FrameGroup', 'MLP', 'MaskedAttention', 'ModalityTokens',
    'SelectedTokens', 'TimeSformerEncoder', 'attention_product', 'count_of',
    'frame_group', 'join_modalities', 'masked_attention',
    'perturbed_jacobian', 'read_state_dict', 'resize_embeddings',
    'split_presence', 'straight_through', 'to_encoder_layout',
    'top_indicator'
]
