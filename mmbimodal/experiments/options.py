"""Options of an experiment, merged into a config and checked."""

import copy
import inspect
from collections import ChainMap
from typing import Any

import mmaction.registry
from mmengine.config import Config
from mmengine.registry import Registry, init_default_scope

from mmbimodal.errors import InputError


def merge_options(config: Config, options: dict[str, Any]) -> Config:
    """A copy of the config with the options in it.

    Args:
        config (Config): The base config.
        options (dict[str, Any]): Dotted keys, as for ``--cfg-options``.

    Returns:
        Config: The merged config.

    Raises:
        InputError: An option that no component reads; the sentence lists
            those that are read in its place.
    """
    merged = copy.deepcopy(config)
    try:
        merged.merge_from_dict(copy.deepcopy(options))
    except (TypeError, KeyError, AssertionError) as error:
        raise InputError(
            f'the options {", ".join(options)} do not fit {config.filename}: {error}'
        ) from error
    init_default_scope(merged.get('default_scope', 'mmaction'))
    _check(merged._cfg_dict, config._cfg_dict, [])
    return merged


def _check(node: Any, base: Any, path: list[str]) -> None:
    """Refuse keys that neither a constructor nor the base config has."""
    if isinstance(node, (list, tuple)):
        node = {str(i): item for i, item in enumerate(node)}
        base = {str(i): item for i, item in enumerate(base or ())}
        valid = None
    elif isinstance(node, dict) and node != base:
        valid = _valid_names(node, base if isinstance(base, dict) else {}, path)
    else:
        return
    for name, value in node.items():
        if valid is not None and name not in valid:
            raise InputError(
                f'the option {".".join([*path, name])} is read by no component; '
                f'{".".join(path) or "the config"} takes: {", ".join(sorted(valid))}'
            )
        _check(value, base.get(name) if isinstance(base, dict) else None, [*path, name])


def _valid_names(node: dict, base: dict, path: list[str]) -> set[str] | None:
    """Keys that a dict of the config may have; None: any."""
    if 'type' not in node:
        return set(base)
    names = {'type'}
    if node['type'] == base.get('type'):
        names |= set(base)  # whatever type it was, it gave only what is read
    registries = vars(mmaction.registry).values()
    modules = [x.module_dict for x in registries if isinstance(x, Registry)]
    kind = node['type']
    cls = kind if inspect.isclass(kind) else ChainMap(*modules).get(kind)
    if cls is None:
        raise InputError(
            f'{".".join([*path, "type"])}={kind!r} is not registered: '
            'check its spelling'
        )
    if hasattr(cls, 'build_iter_from_epoch'):  # how a scheduler can be built
        names.add('convert_to_iter_based')
    for ancestor in inspect.getmro(cls) if inspect.isclass(cls) else ():
        if '__init__' not in vars(ancestor):
            continue
        parameters = inspect.signature(vars(ancestor)['__init__']).parameters.values()
        names |= {x.name for x in parameters if x.name != 'self'}
        # Further arguments are those of the next ancestor.
        if not any(x.kind is x.VAR_KEYWORD for x in parameters):
            return names
    return None
