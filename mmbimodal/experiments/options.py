"""Options of an experiment, merged into a config and checked."""

import copy
import inspect
from collections.abc import Iterator
from typing import Any

import mmaction.registry
from mmengine.config import Config, ConfigDict
from mmengine.registry import Registry, init_default_scope

from mmbimodal.errors import InputError

# What mmengine's Runner reads though a config may not spell it out.
_TOP_LEVEL = {'load_from', 'resume', 'randomness', 'custom_hooks', 'work_dir'}


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
    for key in options:
        _check(merged, config, key)
    return merged


def _check(merged: Config, base: Config, key: str) -> None:
    """Refuse an option that is not read."""
    node, before, path = merged._cfg_dict, base._cfg_dict, []
    for part in key.split('.'):
        if isinstance(node, (list, tuple)):
            node, before = node[int(part)], None
        else:
            _check_name(part, node, before, path)
            node = node[part]
            before = before.get(part) if isinstance(before, dict) else None
        path.append(part)
    for inner, where in _typed(node, path):
        for name in set(inner) - {'type'}:
            _check_name(name, inner, None, where)


def _check_name(name: str, node: Any, before: Any, path: list) -> None:
    """Refuse a key that neither a constructor nor the base config has."""
    where = '.'.join(path) or 'the config'
    valid: set[str] = set(before) if isinstance(before, dict) else set()
    if not path:
        valid |= _TOP_LEVEL
    if isinstance(node, dict) and 'type' in node:
        parameters = _parameters(node['type'], where)
        if parameters is None:
            return
        # What the base config gave may belong to another type.
        valid = parameters | {'type'}
    if name not in valid:
        raise InputError(
            f'the option {".".join([*path, name])} is read by no component; '
            f'{where} takes: {", ".join(sorted(valid))}'
        )


def _typed(node: Any, path: list) -> Iterator[tuple[ConfigDict, list]]:
    """All dicts with a ``type`` inside an option's value."""
    items = ()
    if isinstance(node, dict):
        if 'type' in node:
            yield node, path
        items = node.items()
    elif isinstance(node, (list, tuple)):
        items = enumerate(node)
    for key, value in items:
        yield from _typed(value, [*path, str(key)])


def _parameters(kind: Any, where: str) -> set[str] | None:
    """Names that a registered class takes; None: not known."""
    cls = kind if inspect.isclass(kind) else _find(kind)
    if cls is None:
        raise InputError(f'{where}.type={kind!r} is not registered: check its spelling')
    # mmengine's schedulers are built by another method with this key.
    names: set[str] = (
        {'convert_to_iter_based'} if hasattr(cls, 'build_iter_from_epoch') else set()
    )
    for ancestor in inspect.getmro(cls):
        if '__init__' not in vars(ancestor):
            continue
        parameters = inspect.signature(ancestor.__init__).parameters.values()
        names |= {
            x.name
            for x in parameters
            if x.kind in (x.POSITIONAL_OR_KEYWORD, x.KEYWORD_ONLY)
        }
        if not any(x.kind is x.VAR_KEYWORD for x in parameters):
            return names - {'self'}
    return None


def _find(name: str) -> type | None:
    """A class from any registry of MMAction2 or mmengine."""
    for registry in vars(mmaction.registry).values():
        if isinstance(registry, Registry) and name in registry.module_dict:
            return registry.module_dict[name]
    return None
