"""Configs of a command line."""

import difflib
from argparse import ArgumentParser
from collections.abc import Iterable, Sequence
from os import PathLike

from mmengine.config import Config, DictAction

from mmbimodal.errors import InputError


def load_config(path: str | PathLike, options: Sequence[str] = ()) -> Config:
    """A config with the overrides of a tool's ``--cfg-options``.

    Args:
        path (str | Path): Config file.
        options (Sequence[str]): Such as ``'model.backbone.num_layers=3'``, in
            the syntax of :class:`mmengine.config.DictAction`.

    Returns:
        Config: With the overrides.

    Raises:
        InputError: An option is not of the form ``key=value``, or is misspelt.
    """
    wrong = [option for option in options if '=' not in option]
    if wrong:
        raise InputError(
            f'--cfg-options {wrong[0]} has no value: write key=value, such as '
            'model.backbone.num_layers=3'
        )
    parser = ArgumentParser()
    parser.add_argument('--options', nargs='*', action=DictAction, default={})
    config = Config.fromfile(path)
    changes = parser.parse_args(['--options', *options]).options
    check_spelling(config, changes)
    config.merge_from_dict(changes)
    return config


def check_spelling(config: Config, keys: Iterable[str]) -> None:
    """Refuse keys that mmengine would add beside the ones that are meant.

    Args:
        config (Config): What the keys are to change.
        keys (Iterable[str]): Such as ``'model.backbone.num_layers'``.

    Raises:
        InputError: The config has a first part of almost this name.
    """
    known = list(config.keys())
    for key in keys:
        first = key.partition('.')[0]
        near = difflib.get_close_matches(first, known, n=1, cutoff=0.8)
        if first not in known and near:
            raise InputError(
                f'{config.filename} has no {first!r} to change (--cfg-options {key}): '
                f'did you mean {near[0]!r}?'
            )
