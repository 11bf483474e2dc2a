"""Read a published checkpoint and fill a backbone with it."""

from collections.abc import Callable, Iterable
from typing import Any

from mmengine.model import BaseModule
from mmengine.runner import CheckpointLoader
from torch import Tensor, nn

from .filling import load_pretrained

Convert = Callable[[dict[str, Tensor], Any], dict[str, Tensor]]


def read_state_dict(checkpoint: dict[str, Any]) -> dict[str, Tensor]:
    """The backbone's tensors, whichever way the file wraps them.

    Args:
        checkpoint (dict): A recognizer's checkpoint, a backbone's, the
            TimeSformer authors' (``model_state``) or a bare state dict.

    Returns:
        dict[str, Tensor]: Tensors without prefix.
    """
    for key in ('state_dict', 'model_state', 'model'):
        checkpoint = checkpoint.get(key, checkpoint)
    for prefix in ('backbone.', 'encoders.shared.', 'model.'):
        inner = {
            name[len(prefix) :]: tensor
            for name, tensor in checkpoint.items()
            if name.startswith(prefix)
        }
        checkpoint = inner or checkpoint
    return {
        name: tensor
        for name, tensor in checkpoint.items()
        if isinstance(tensor, Tensor)
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
            ``dict(type='Pretrained', checkpoint=…)``.
        convert (Callable): Takes the file's tensors without prefix and the
            module to be filled, and gives them its names and sizes. Defaults
            to no change.
        parts (Iterable[nn.Module], optional): Modules that are filled, each
            with the whole file. Defaults to the backbone itself.
        layers (str): Prefix of the layers, one of which must be filled at
            least: embeddings alone fit many a model. Defaults to any tensor.

    Raises:
        InputError: The file cannot be read, or holds no layer that fits.
    """
    if backbone.init_cfg and backbone.init_cfg['type'] == 'Pretrained':
        path = backbone.init_cfg['checkpoint']
        weights = read_state_dict(CheckpointLoader.load_checkpoint(path, 'cpu'))
        for part in parts or [backbone]:
            load_pretrained(part, convert(weights, part), path, layers)
    # BaseModule does not load it a second time.
    backbone._is_init = True
