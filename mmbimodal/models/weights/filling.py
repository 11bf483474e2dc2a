"""Published checkpoints of MMAction2's backbones, and torchvision's ResNets."""

import re

from mmengine.logging import MMLogger
from torch import Tensor, nn

from mmbimodal.errors import InputError

from .resizing import resize_positions

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


def _from_torchvision(
    weights: dict[str, Tensor], own: dict[str, Tensor]
) -> dict[str, Tensor]:
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
    rows = tensor.reshape(1, -1, tensor.shape[-1])
    return resize_positions(rows, target.shape[-2]).reshape(*target.shape[:-1], -1)


def fill_backbone(
    backbone: nn.Module, weights: dict[str, Tensor]
) -> tuple[list[str], list[str]]:
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
    return (sorted(set(own) - set(fitting)), sorted(set(weights) - set(fitting)))


def load_pretrained(
    backbone: nn.Module, weights: dict[str, Tensor], path: str, layers: str = ''
) -> list[str]:
    """Load what fits, and log what was not filled or not used.

    Args:
        backbone (nn.Module): Any backbone.
        weights (dict[str, Tensor]): As for :func:`fill_backbone`.
        path (str): Where they are from, for the messages.
        layers (str): Prefix of its layers, one of which must be filled at
            least: embeddings alone fit many a model. Defaults to any tensor.

    Returns:
        list[str]: The backbone's tensors that the file does not fill.

    Raises:
        InputError: Nothing fits.
    """
    own = backbone.state_dict()
    missing, unused = fill_backbone(backbone, weights)
    if not any(name.startswith(layers) for name in set(own) - set(missing)):
        raise InputError(
            f'the checkpoint {path} holds no layer that fits the '
            f'{type(backbone).__name__} of this config: check that it is of '
            'the same architecture and width, or remove backbone.init_cfg'
        )
    MMLogger.get_current_instance().info(
        f'{path}: {len(own) - len(missing)} of {len(own)} tensors loaded; '
        f'not in the file: {missing or "none"}; not used: {unused or "none"}'
    )
    return missing
