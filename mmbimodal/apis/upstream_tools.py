"""Hand over to MMAction2's own command-line tools."""

import errno
import logging
import multiprocessing
import os
import re
import runpy
import shlex
import signal
import sys
import threading
import traceback
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from types import FrameType

import mmengine.runner
from mmengine.config import Config
from mmengine.dist import is_main_process

from mmbimodal.apis.config import check_spelling
from mmbimodal.apis.console_runner import ConsoleRunner
from mmbimodal.apis.zoo import find_config, find_model
from mmbimodal.errors import InputError

VERBOSE = ('-v', '--verbose')


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
    spec = find_spec('mmaction')
    assert spec is not None and spec.origin is not None  # it is required
    package = Path(spec.origin).parent
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


def _disk_error(error: BaseException | None) -> InputError | None:
    """What a full disk means, whatever was being written."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            place = f'the disk of {error.filename}' if error.filename else 'the disk'
            return InputError(
                f'{place} is full ({error.strerror}): free space and start again'
            )
        error = error.__cause__ or error.__context__
    return None


class _Stopped(KeyboardInterrupt):
    """A signal to end, once the data loaders' workers have ended."""


def _stop(signum: int, frame: FrameType | None) -> None:
    """End the data loaders' workers, then this process.

    The workers go first: the other way round they complain of the connections
    that their parent closes.
    """
    if multiprocessing.parent_process() is not None:
        # A forked worker has this handler, too, and gets Ctrl-C from the
        # terminal, too: it leaves that to its parent.
        if signum == signal.SIGTERM:
            os._exit(128 + signum)
        return
    # PyTorch's own handler raises an error for each worker that ends.
    signal.signal(signal.SIGCHLD, lambda *_: None)
    children = multiprocessing.active_children()
    for child in children:
        child.terminate()
    for child in children:
        child.join(timeout=5)
    raise _Stopped(signum)


@contextmanager
def one_sentence(after_interrupt: str = 'start again') -> Iterator[None]:
    """Exit with the user's mistake in one sentence, no traceback.

    A mistake is an :class:`InputError`, a full disk, or a component of the
    config that does not exist or does not take an argument. Ctrl-C and
    SIGTERM end with one line, too, and the exit status of their signal.

    Args:
        after_interrupt (str): What to do to go on. Defaults to
            'start again'.
    """
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            if signal.getsignal(number) != signal.SIG_IGN:  # a background job
                signal.signal(number, _stop)
    try:
        yield
    except KeyboardInterrupt as stop:
        # Raised otherwise than by a signal, it has no number.
        number = stop.args[0] if isinstance(stop, _Stopped) else signal.SIGINT
        name = 'terminated' if number == signal.SIGTERM else 'interrupted'
        if is_main_process():
            print(f'{name}: {after_interrupt}', file=sys.stderr)
        # What shells report of a process that died of the signal.
        sys.exit(128 + number)
    except Exception as error:
        mistake = _input_error(error) or _disk_error(error) or _config_error(error)
        if mistake is None:
            raise
        # A data loader's worker sends its traceback as text, the sentence in
        # the last line behind the name of the class.
        sentence = str(mistake).strip().splitlines()[-1]
        name = f'{type(mistake).__module__}.{type(mistake).__name__}: '
        sys.exit('error: ' + sentence.removeprefix(name))


def run_mmaction_tool(name: str, args: Namespace) -> None:
    """Run one of MMAction2's tools with this process's arguments.

    A model's name among them becomes its config and, where the tool takes one,
    its released checkpoint.

    Args:
        name (str): Such as ``'train.py'``.
        args (Namespace): The arguments: ``config``, ``verbose`` (show all of
            mmengine's log) and, of some tools, ``checkpoint``.
    """
    command = ['python', *sys.argv]
    if name == 'train.py' and '--resume' not in command:
        command.append('--resume')
    # A log line that cannot be written does not end a run with a traceback.
    logging.raiseExceptions = False
    with one_sentence(f'go on with\n  {shlex.join(command)}'):
        path = str(find_upstream(name))
        if getattr(args, 'checkpoint', '') is None:
            files = [*find_model(args.config)]
        else:
            files = [find_config(args.config)]
        options = getattr(args, 'cfg_options', None)
        if options:
            check_spelling(Config.fromfile(files[0]), options)
        ConsoleRunner.verbose = args.verbose
        mmengine.runner.Runner = ConsoleRunner
        words: list[str] = []
        for word in sys.argv[1:]:
            # The object itself: an option may have the same value.
            words += files if word is args.config else [word]
        sys.argv = [path, *(x for x in words if x not in VERBOSE)]
        runpy.run_path(path, run_name='__main__')
