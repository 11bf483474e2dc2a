"""The arguments by which a user names a model, without loading PyTorch."""

import argparse


def add_model(parser: argparse.ArgumentParser) -> None:
    """``MODEL`` and ``CKPT``, for :func:`mmbimodal.apis.find_model`."""
    parser.add_argument(
        'model', metavar='MODEL', help='name of a released model, or a config file'
    )
    parser.add_argument(
        'checkpoint',
        nargs='?',
        metavar='CKPT',
        help='trained weights; default: the released ones',
    )


def add_cfg_options(parser: argparse.ArgumentParser) -> None:
    """``--cfg-options``, for :func:`mmbimodal.apis.load_config`."""
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        default=[],
        metavar='KEY=VALUE',
        help='override settings of the config',
    )
