"""Hand over to MMAction2's own command-line tools."""

import re
import runpy
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from mmbimodal.errors import InputError


def find_upstream(name: str) -> Path:
    """Where the installed MMAction2 keeps one of its tools.

    Args:
        name (str): Such as ``'train.py'``.

    Returns:
        Path: In the wheel's ``.mim`` folder, or in the source tree of a
        development install.

    Raises:
        InputError: Neither has it.
    """
    package = Path(find_spec('mmaction').origin).parent
    for root in (package / '.mim', package.parent):
        path = root / 'tools' / name
        if path.is_file():
            return path
    raise InputError(
        f'the installed MMAction2 at {package} has no '
        f'tools/{name}: pip install mmaction2==1.2.0'
    )


def _input_error(error: BaseException | None) -> InputError | None:
    """The user's mistake at the root of an error, if that is what it is.

    mmengine's registries wrap what a constructor raises, once per level; the
    innermost one has the plain sentence.
    """
    found = None
    while error is not None:
        if isinstance(error, InputError):
            found = error
        error = error.__cause__ or error.__context__
    return found


def _config_error(error: BaseException) -> InputError | None:
    """What mmengine's registries say of a misspelt argument or type."""
    frames = [x.name for x in traceback.extract_tb(error.__traceback__)]
    if 'build_from_cfg' not in frames:
        return None
    argument = re.match(r'(\w+)\.__init__\(\) (.*argument.*)', str(error))
    if isinstance(error, TypeError) and argument:
        return InputError(
            'in the config, {} {}: correct its arguments'.format(*argument.groups())
        )
    kind = re.match(r"'?(\S+ is not in the \S+ registry)", str(error))
    if isinstance(error, KeyError) and kind:
        return InputError(
            f'in the config, {kind[1]}: correct the type, or '
            'name the module that registers it in '
            'custom_imports'
        )
    return None


@contextmanager
def one_sentence() -> Iterator[None]:
    """Exit with the user's mistake in one sentence, no traceback.

    A mistake is an :class:`InputError`, or a component of the config that
    does not exist or does not take an argument.
    """
    try:
        yield
    except Exception as error:
        mistake = _input_error(error) or _config_error(error)
        if mistake is None:
            raise
        # A data loader's worker sends its traceback as text, the sentence in
        # the last line behind the name of the class.
        sentence = str(mistake).strip().splitlines()[-1]
        name = f'{type(mistake).__module__}.{type(mistake).__name__}: '
        sys.exit('error: ' + sentence.removeprefix(name))


def run_mmaction_tool(name: str) -> None:
    """Run one of MMAction2's tools with this process's arguments.

    Args:
        name (str): Such as ``'train.py'``.
    """
    with one_sentence():
        sys.argv[0] = str(find_upstream(name))
        runpy.run_path(sys.argv[0], run_name='__main__')
