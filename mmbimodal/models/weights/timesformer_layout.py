"""Published TimeSformer and ViT checkpoints in the names of our encoder."""

import re

import torch
from torch import Tensor

from .resizing import resize_grid, resize_positions

StateDict = dict[str, Tensor]

# Attention modules of mmcv's transformer layers: (pattern, ours). In a
# TimeSformer attentions.0 is temporal and attentions.1 spatial.
_MMCV_COMMON = (
    (r'^patch_embed\.projection\.', 'patch_embed.proj.'),
    (r'^transformer_layers\.layers\.(\d+)\.', r'blocks.\1.'),
    (r'\.ffns\.0\.norm\.', '.norm2.'),
    (r'\.ffns\.0\.layers\.0\.0\.', '.mlp.fc1.'),
    (r'\.ffns\.0\.layers\.1\.', '.mlp.fc2.'),
)
_MMCV_PROJECTIONS = (
    (r'attn\.in_proj_', 'attn.qkv.'),
    (r'attn\.out_proj\.', 'attn.proj.'),
)
_MMCV_TIMESFORMER = (
    (r'\.attentions\.0\.norm\.', '.temporal_norm1.'),
    (r'\.attentions\.0\.attn\.', '.temporal_attn.'),
    (r'\.attentions\.0\.temporal_fc\.', '.temporal_fc.'),
    (r'\.attentions\.1\.norm\.', '.norm1.'),
    (r'\.attentions\.1\.attn\.', '.attn.'),
)
_MMCV_VIT = (
    (r'\.norms\.0\.', '.norm1.'),
    (r'\.norms\.1\.', '.norm2.'),
    (r'\.attentions\.0\.attn\.', '.attn.'),
)


def to_encoder_layout(state_dict: StateDict) -> StateDict:
    """Rename a published state dict to :class:`TimeSformerEncoder`'s names.

    Understood are MMAction2's TimeSformer and ViT, the TimeSformer authors'
    release and ImageNet ViTs in its naming (``blocks.0.attn.qkv.weight``).
    A ViT has no temporal attention: it starts as a copy of the spatial one,
    behind a projection of zeros that leaves the image model as it is.

    Args:
        state_dict (dict[str, Tensor]): Tensors without prefix.

    Returns:
        dict[str, Tensor]: Tensors in our names; unknown ones keep theirs.
    """
    temporal = any('.attentions.1.' in name for name in state_dict)
    rules = (
        _MMCV_COMMON
        + (_MMCV_TIMESFORMER if temporal else _MMCV_VIT)
        + _MMCV_PROJECTIONS
    )
    renamed = {}
    for name, tensor in state_dict.items():
        for pattern, ours in rules:
            name = re.sub(pattern, ours, name)
        renamed[name] = tensor
    if not any('.temporal_attn.' in name for name in renamed):
        for name, tensor in list(renamed.items()):
            if re.match(r'blocks\.\d+\.(attn|norm1)\.', name):
                renamed[re.sub(r'\.(attn|norm1)\.', r'.temporal_\1.', name)] = tensor
            if '.attn.proj.' in name:
                renamed[name.replace('.attn.proj.', '.temporal_fc.')] = (
                    torch.zeros_like(tensor)
                )
    return renamed


def resize_embeddings(
    state_dict: StateDict, grid: tuple[int, int], num_frames: int
) -> StateDict:
    """Interpolate position and time embeddings to another size.

    Args:
        state_dict (dict[str, Tensor]): In our names.
        grid (tuple[int, int]): Rows h and columns w of a frame's regions.
        num_frames (int): Frames of a clip.

    Returns:
        dict[str, Tensor]: With ``pos_embed`` 1×(1+h·w)×C (bicubic) and
        ``time_embed`` 1×num_frames×C (linear).
    """
    resized = dict(state_dict)
    position = state_dict.get('pos_embed')
    if position is not None and position.shape[1] != 1 + grid[0] * grid[1]:
        # 1×(1+N)×C: the class token's row has no place in the grid
        cls_token, regions = position[:, :1], position[:, 1:]
        resized['pos_embed'] = torch.cat((cls_token, resize_grid(regions, grid)), dim=1)
    time = state_dict.get('time_embed')
    if time is not None and time.shape[1] != num_frames:
        resized['time_embed'] = resize_positions(time, num_frames)
    return resized
