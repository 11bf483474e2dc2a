from .checkpoint import init_branch, load_init_cfg, read_state_dict
from .filling import fill_backbone, load_pretrained
from .hiera_layout import to_hiera_layout
from .resizing import inflate_kernel, resize_grid, resize_positions
from .timesformer_layout import resize_embeddings, to_encoder_layout

__all__ = [
    'fill_backbone',
    'inflate_kernel',
    'init_branch',
    'load_init_cfg',
    'load_pretrained',
    'read_state_dict',
    'resize_embeddings',
    'resize_grid',
    'resize_positions',
    'to_encoder_layout',
    'to_hiera_layout',
]
