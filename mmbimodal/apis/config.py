"""Configs of a command line."""

from argparse import ArgumentParser
from collections.abc import Sequence
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
        InputError: An option is not of the form ``key=value``.
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
    config.merge_from_dict(parser.parse_args(['--options', *options]).options)
    return config
