"""Lengths of time as a user writes them."""

import math
import re

from mmbimodal.errors import InputError

_UNITS = {'': 1.0, 's': 1.0, 'ms': 1e-3, 'min': 60.0}


def parse_seconds(value: float | str, name: str) -> float:
    """Seconds of a number, or of a text such as ``'2s'``, ``'+120ms'``, ``'1.5min'``.

    Args:
        value (float | str): Without a unit it is in seconds.
        name (str): What it is, for the message.

    Returns:
        float: Seconds.

    Raises:
        InputError: It is no finite number, or its unit is none of s, ms and min.
    """
    match = re.fullmatch(r'\s*([-+]?[\d.]+(?:e[-+]?\d+)?)\s*([^\W\d]*)\s*', str(value))
    try:
        seconds = float(match[1]) * _UNITS[match[2]] if match else math.nan
    except (KeyError, ValueError):
        seconds = math.nan
    if not math.isfinite(seconds):
        raise InputError(
            f'the {name} {value!r} is no length of time: give seconds, such as 2s, '
            '500ms or 1.5min'
        )
    return seconds
