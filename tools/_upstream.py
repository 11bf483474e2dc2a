"""The arguments of MMAction2's tools, without loading PyTorch."""

import argparse
import ast
import os
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any


class _Parser(argparse.ArgumentParser):
    def __init__(self, **kwargs) -> None:
        super().__init__(**kwargs)
        self.add_argument(
            '-v',
            '--verbose',
            action='store_true',
            help="show all of mmengine's log: environment, configuration, hooks",
        )

    def add_argument(self, *names, **kwargs) -> argparse.Action:
        """Let a model's name stand for config and checkpoint."""
        if names == ('config',):
            kwargs['help'] = 'config file, or name of a model'
        if names == ('checkpoint',):
            kwargs.update(nargs='?', help='checkpoint file; default: the released one')
        return super().add_argument(*names, **kwargs)

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        # An optional checkpoint may follow the config behind other options.
        return super().parse_intermixed_args(args, namespace)


def parse(name: str) -> argparse.Namespace:
    """Parse the command line as MMAction2's tool does, and one flag more.

    Help and wrong arguments end the process here, at once.

    Args:
        name (str): Such as ``'train.py'``.

    Returns:
        Namespace: The arguments, ``verbose`` among them.
    """
    package = find_spec('mmaction')
    if package is None or package.origin is None:
        # importing mmbimodal says what to install
        return argparse.Namespace(verbose=False)
    path = Path(package.origin).parent / '.mim' / 'tools' / name
    tree = ast.parse(path.read_text())
    tree.body = [x for x in tree.body if getattr(x, 'name', None) == 'parse_args']
    # `DictAction` needs PyTorch; the tool itself checks what it checks.
    scope = dict(
        argparse=SimpleNamespace(ArgumentParser=_Parser), os=os, DictAction='store'
    )
    exec(compile(tree, str(path), 'exec'), scope)
    return scope['parse_args']()
