"""Read a published checkpoint and fill a backbone with it."""

from collections.abc import Callable, Iterable
from typing import Any

from mmengine.model import BaseModule
from mmengine.runner import CheckpointLoader
from torch import Tensor, nn

from mmbimodal.errors import InputError

from .filling import load_pretrained

Convert = Callable[[dict[str, Tensor], Any], dict[str, Tensor]]


def read_state_dict(checkpoint: dict[str, Any], prefix: str = '') -> dict[str, Tensor]:
    """The backbone's tensors, whichever way the file wraps them.

    Args:
        checkpoint (dict): A recognizer's checkpoint, a backbone's, the
            TimeSformer authors' (``model_state``) or a bare state dict.
        prefix (str): Of the names of the wanted tensors; others are left out.
            Defaults to that of the backbone.

    Returns:
        dict[str, Tensor]: Tensors without prefix.
    """
    for key in ('state_dict', 'model_state', 'model'):
        checkpoint = checkpoint.get(key, checkpoint)
    if prefix:
        checkpoint = _below(checkpoint, prefix)
    else:
        for wrapper in ('backbone', 'encoders.shared', 'model'):
            checkpoint = _below(checkpoint, wrapper) or checkpoint
    return {
        name: tensor
        for name, tensor in checkpoint.items()
        if isinstance(tensor, Tensor)
    }


def _below(tensors: dict[str, Any], prefix: str) -> dict[str, Any]:
    """What lies below a prefix, ``'a.b'`` or ``'a.b.'``, without it."""
    prefix = prefix.removesuffix('.') + '.'
    return {
        name.removeprefix(prefix): tensor
        for name, tensor in tensors.items()
        if name.startswith(prefix)
    }


def load_init_cfg(
    backbone: BaseModule,
    convert: Convert = lambda weights, part: weights,
    parts: Iterable[nn.Module] = (),
    layers: str = '',
) -> None:
    """Load the checkpoint of ``backbone.init_cfg`` where there is one.

    Args:
        backbone (BaseModule): ``init_cfg`` is None or
            ``dict(type='Pretrained', checkpoint=…)``. With ``prefix='a.b'`` the
            part of that name in the file is loaded, and must fill all.
        convert (Callable): Takes the file's tensors without prefix and the
            module to be filled, and gives them its names and sizes. Defaults
            to no change.
        parts (Iterable[nn.Module], optional): Modules that are filled, each
            with the whole file. Defaults to the backbone itself.
        layers (str): Prefix of the layers, one of which must be filled at
            least: embeddings alone fit many a model. Defaults to any tensor.

    Raises:
        InputError: The file cannot be read, or does not fit.
    """
    if backbone.init_cfg and backbone.init_cfg['type'] == 'Pretrained':
        path, prefix = backbone.init_cfg['checkpoint'], backbone.init_cfg.get('prefix')
        content = CheckpointLoader.load_checkpoint(path, 'cpu')
        weights = read_state_dict(content, prefix or '')
        for part in parts or [backbone]:
            missing = load_pretrained(part, convert(weights, part), path, layers)
            if prefix and missing:
                raise InputError(
                    f'the checkpoint {path} does not fill {prefix} of this config: '
                    f'{len(missing)} tensors are missing or of another shape, the '
                    f'first {missing[0]}; use the checkpoint of the same branch, or '
                    'correct init_cfg'
                )
    # BaseModule does not load it a second time.
    backbone._is_init = True


def init_branch(branch: nn.Module) -> None:
    """Initialise a backbone as upstream, then load its own ``init_cfg``'s checkpoint.

    Backbones of MMAction2 either leave such an ``init_cfg`` out or load what fits
    without a word of the rest.

    Args:
        branch (nn.Module): A backbone; PyTorch's own modules are initialised.

    Raises:
        InputError: The file cannot be read, or does not fit.
    """
    init_cfg = getattr(branch, 'init_cfg', None)
    pretrained = isinstance(init_cfg, dict) and init_cfg['type'] == 'Pretrained'
    if isinstance(branch, BaseModule) and pretrained:
        branch.init_cfg = None
        branch.init_weights()
        branch.init_cfg = init_cfg
        load_init_cfg(branch)
    elif hasattr(branch, 'init_weights'):
        branch.init_weights()  # some backbones of MMAction2 are no BaseModule
