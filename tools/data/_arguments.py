"""What tools of several data sets share, without loading PyTorch."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path


def run(main: Callable[[argparse.Namespace], None], args: argparse.Namespace) -> None:
    """Run a tool that completes its work when it is started again.

    A user's mistake is one sentence and exit code 1, Ctrl-C one and 130.
    """
    try:
        from mmbimodal.errors import InputError

        try:
            main(args)
        except InputError as error:
            sys.exit(f'error: {error}')
    except KeyboardInterrupt:
        print('interrupted: the same command completes it', file=sys.stderr)
        sys.exit(130)


def add_data_root(parser: argparse.ArgumentParser, help: str) -> None:
    """``DATA_ROOT``, which a tool writes its annotations into."""
    parser.add_argument('data_root', type=Path, metavar='DATA_ROOT', help=help)


def add_workers(parser: argparse.ArgumentParser) -> None:
    """``--workers`` of ``process_pool.parallel_map``."""
    parser.add_argument('--workers', type=int, help='default: one per CPU')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``preparation.prepare`` that tools of videos share.

    Args:
        parser (argparse.ArgumentParser): Gets ``--check``, ``--reencode``
            and ``--workers``; the help's lines are as they are to be shown.
    """
    parser.add_argument(
        '--check',
        choices=['decode', 'open', 'none'],
        default='decode',
        help='decode every frame, read the headers, or only see that the\n'
        'files are not empty',
    )
    parser.add_argument(
        '--reencode',
        type=int,
        metavar='SHORT_SIDE',
        help='also write smaller videos (340 is usual) and annotate these;\n'
        'can be interrupted and started again',
    )
    add_workers(parser)


def add_split_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``check_split_arguments`` and ``divide`` in ``preparation``."""
    parser.add_argument(
        '--split-file',
        type=Path,
        metavar='FILE',
        help='lines "id train|test", or JSON: {"train": [id, ...],\n'
        '"test": [...]} or {id: "train"|"test"}; default: drawn by --seed',
    )
    parser.add_argument(
        '--test-share',
        type=float,
        default=0.2,
        metavar='SHARE',
        help='share of every class that is drawn for testing, at least one\n'
        'sample; default: 0.2',
    )
    parser.add_argument(
        '--folds',
        type=int,
        metavar='K',
        help='draw K splits for cross-validation instead, fold0_train.json,\n'
        'fold0_test.json, ...; every sample tests once',
    )
    parser.add_argument(
        '--seed',
        type=int,
        default=0,
        help='of the drawn split or folds; default: 0',
    )
