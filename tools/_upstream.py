"""The arguments of MMAction2's tools, without loading PyTorch."""

import argparse
import ast
import os
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace


class _Parser(argparse.ArgumentParser):
    def __init__(self, **kwargs) -> None:
        super().__init__(**kwargs)
        self.add_argument(
            '-v',
            '--verbose',
            action='store_true',
            help="show all of mmengine's log: environment, configuration, hooks",
        )


def is_verbose(name: str) -> bool:
    """Parse the command line as MMAction2's tool does, and one flag more.

    Help and wrong arguments end the process here, at once.

    Args:
        name (str): Such as ``'train.py'``.

    Returns:
        bool: Whether ``--verbose`` is given.
    """
    package = find_spec('mmaction')
    if package is None or package.origin is None:
        return False  # importing mmbimodal says what to install
    path = Path(package.origin).parent / '.mim' / 'tools' / name
    tree = ast.parse(path.read_text())
    tree.body = [x for x in tree.body if getattr(x, 'name', None) == 'parse_args']
    # `DictAction` needs PyTorch; the tool itself checks what it checks.
    scope = dict(
        argparse=SimpleNamespace(ArgumentParser=_Parser), os=os, DictAction='store'
    )
    exec(compile(tree, str(path), 'exec'), scope)
    return scope['parse_args']().verbose
