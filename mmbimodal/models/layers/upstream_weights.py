"""Published checkpoints of MMAction2's backbones, and torchvision's ResNets."""
import re
from typing import Dict, List, Tuple

import torch.nn.functional as F
from torch import Tensor, nn

# Embeddings with one row per position: interpolated when a clip has another
# length or size than the checkpoint's.
_PER_POSITION = re.compile(r'(^|\.)(rel_pos_[thw]|time_embed)$')
# Upstream wraps the layers of a 2-D ResNet to make a video model of it.
_WRAPPERS = re.compile(r'\.(net|block)(?=\.)')
_TORCHVISION = (
    (r'\bbn(\d)\.', r'conv\1.bn.'),
    (r'\bconv(\d)\.weight$', r'conv\1.conv.weight'),
    (r'\bdownsample\.0\.', 'downsample.conv.'),
    (r'\bdownsample\.1\.', 'downsample.bn.'),
)


def _from_torchvision(weights: Dict[str, Tensor],
                      own: Dict[str, Tensor]) -> Dict[str, Tensor]:
    """An image ResNet's tensors in the names of a video model made of it."""
    wrapped = {_WRAPPERS.sub('', name): name for name in own}
    renamed = {}
    for name, tensor in weights.items():
        for pattern, ours in _TORCHVISION:
            name = re.sub(pattern, ours, name)
        renamed[wrapped.get(name, name)] = tensor
    return renamed


def _to_size(tensor: Tensor, target: Tensor) -> Tensor:
    """Interpolate the positions, …×L×C -> …×M×C."""
    rows = tensor.reshape(1, -1, tensor.shape[-1]).float().transpose(1, 2)
    rows = F.interpolate(rows, target.shape[-2], mode='linear',
                         align_corners=False)
    return rows.transpose(1, 2).reshape(*target.shape[:-1], -1)


def fill_backbone(
        backbone: nn.Module,
        weights: Dict[str, Tensor]) -> Tuple[List[str], List[str]]:
    """Load what fits.

    Args:
        backbone (nn.Module): Any backbone of MMAction2.
        weights (dict[str, Tensor]): In the backbone's own names, without
            prefix, or of an image ResNet in torchvision's.

    Returns:
        tuple[list[str], list[str]]: The backbone's tensors that the file does
        not fill, and the file's that the backbone does not use.
    """
    own = backbone.state_dict()
    if 'bn1.running_mean' in weights:
        weights = _from_torchvision(weights, own)
    fitting = {}
    for name, tensor in weights.items():
        if name in own and _PER_POSITION.search(name):
            tensor = _to_size(tensor, own[name])
        if name in own and tensor.shape == own[name].shape:
            fitting[name] = tensor
    backbone.load_state_dict(fitting, strict=False)
    return (sorted(set(own) - set(fitting)),
            sorted(set(weights) - set(fitting)))
