from .loading import fill_backbone, load_pretrained
from .timesformer_layout import read_state_dict, resize_embeddings, to_encoder_layout

__all__ = [
    'fill_backbone',
    'load_pretrained',
    'read_state_dict',
    'resize_embeddings',
    'to_encoder_layout',
]
