"""Models by their names: configs, released weights and where they come from."""

import difflib
import fnmatch
from functools import cache
from os import PathLike
from pathlib import Path
from typing import Any

import torch
import yaml
from mmaction.registry import MODELS
from mmengine.config import Config
from mmengine.registry import init_default_scope
from torch import nn

from mmbimodal.errors import InputError

from .download import Published, cache_folder, fetch
from .inference import init_recognizer

FOLDER = 'checkpoints'
NO_WEIGHTS = 'none yet'
_PACKAGE = Path(__file__).resolve().parents[1]


def index_root() -> Path:
    """The folder of ``model-index.yml``, which its addresses start from.

    It is the repository, or the package's ``.mim`` folder where it is installed.
    """
    installed = _PACKAGE / '.mim'
    return installed if (installed / 'model-index.yml').is_file() else _PACKAGE.parent


@cache
def read_index(root: Path) -> dict[str, dict[str, Any]]:
    """Name → entry of all metafiles that ``model-index.yml`` imports."""
    index = yaml.safe_load((root / 'model-index.yml').read_text(encoding='utf-8'))
    return {
        entry['Name']: entry
        for path in index['Import']
        for entry in yaml.safe_load((root / path).read_text(encoding='utf-8'))['Models']
    }


def list_models(pattern: str = '*') -> list[str]:
    """Names of the models that match a pattern, such as ``'staf*'``.

    Pretrained weights of other authors, which have no config here, are not among
    them.
    """
    entries = read_index(index_root())
    names = [name for name, entry in entries.items() if 'Config' in entry]
    return sorted(fnmatch.filter(names, pattern))


def get_model(name: str, pretrained: bool = False, device: str = 'cpu') -> nn.Module:
    """Build a model of the index.

    Args:
        name (str): One of :func:`list_models`.
        pretrained (bool): Load its released weights, which are downloaded once.
            Defaults to False: weights are random.
        device (str): Where the model is to run. Defaults to ``'cpu'``.

    Returns:
        nn.Module: In evaluation mode.

    Raises:
        InputError: There is no such model, or no weights of it.
    """
    config = find_config(name)
    if pretrained:
        return init_recognizer(config, str(fetch_weights(name)), device)
    settings = Config.fromfile(config)
    init_default_scope(settings.default_scope)
    return MODELS.build(settings.model).to(device).eval()


def find_model(
    model: str | PathLike, checkpoint: str | PathLike | None = None
) -> tuple[str, str]:
    """Config and checkpoint of what a user names: the one rule of all tools.

    Args:
        model (str | Path): Name of a model of the index, or path of a config.
        checkpoint (str | Path, optional): Path or URL of the weights. Defaults to
            the released ones.

    Returns:
        tuple[str, str]: Paths of the config and of the (verified) weights.

    Raises:
        InputError: There is no such model, config or released checkpoint.
    """
    config = find_config(model)
    if checkpoint is None and _is_path(model):
        raise InputError(
            f'the config {model} has no checkpoint beside it: give the path of one, or '
            f'the name of a released model ({", ".join(_released())})'
        )
    return config, str(fetch_weights(str(model)) if checkpoint is None else checkpoint)


def find_config(model: str | PathLike) -> str:
    """Path of the config that a name or a path stands for.

    Raises:
        InputError: There is none.
    """
    if not _is_path(model):
        entry = _entry(str(model))
        if 'Config' not in entry:
            raise InputError(
                f'{model} is the weights of a backbone, no model: tools/download.py '
                'fetches them, and init_cfg of a config takes their path'
            )
        return str(index_root() / entry['Config'])
    if not Path(model).is_file():
        raise InputError(
            f'the config {model} does not exist: give the path of a config, such as '
            'configs/staf_synth.py, or the name of a model, such as staf_synth'
        )
    return str(model)


def fetch_weights(name: str, folder: Path | None = None) -> Path:
    """The verified weights of an entry; they are downloaded where need be.

    Args:
        name (str): Name of an entry of the index.
        folder (Path, optional): Where they are to be. Defaults to where they are:
            beside the index, or the cache (``MMBIMODAL_HOME``). Weights of other
            authors go to PyTorch's cache, where ``init_cfg`` looks for them.

    Returns:
        Path: The file, whose checksum is right.

    Raises:
        InputError: There is no such entry, no weights of it, or they cannot be had.
    """
    entry = _entry(name)
    weights = entry.get('Weights', NO_WEIGHTS)
    if weights == NO_WEIGHTS:
        raise InputError(
            f'{name} has no released weights yet: train it with python tools/train.py '
            f'{entry["Config"]}, or take one of {", ".join(_released())}'
        )
    if 'SHA256' not in entry:
        raise InputError(
            f'the authors of {name} publish no checksum, so a download cannot be '
            f'verified: download {weights} yourself'
        )
    file = Published(weights, entry['SHA256'], entry.get('Size'))
    beside = index_root() / FOLDER / file.file_name
    if folder is None and file.is_at(beside):
        return beside
    if '://' not in weights:  # relative to the index
        file = file._replace(address=str(index_root() / weights))
    if folder is None:
        hub = Path(torch.hub.get_dir(), 'checkpoints')
        folder = cache_folder() if 'Config' in entry else hub
    return fetch(file, folder)


def _is_path(model: str | PathLike) -> bool:
    """Whether a user means a file: it is one, or is written like one."""
    path = Path(model)
    return str(model) not in read_index(index_root()) and (
        not isinstance(model, str) or path.suffix == '.py' or path.is_file()
    )


def _released() -> list[str]:
    return [
        name
        for name in list_models()
        if _entry(name).get('Weights', NO_WEIGHTS) != NO_WEIGHTS
    ]


def _entry(name: str) -> dict[str, Any]:
    entries = read_index(index_root())
    if name not in entries:
        near = difflib.get_close_matches(name, entries, n=3, cutoff=0.5)
        advice = (
            f'did you mean {" or ".join(near)}?'
            if near
            else (f'the models are {", ".join(list_models())}')
        )
        raise InputError(
            f'there is no model {name!r} and no config of this path: {advice}'
        )
    return entries[name]
