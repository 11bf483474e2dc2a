"""``only 0-dimensional arrays can be converted to Python scalars``.

numpy 2.4 no longer turns an array of one element into a number, which the
MultiSports evaluation of MMAction2 1.2.0 relies on. Can go when that
evaluation runs on numpy 2.4.
"""

import builtins
from typing import Any

import numpy as np
from mmaction.evaluation.functional import multisports_utils


def to_int(value: Any) -> int:
    """``int`` that takes an array of one element, and no larger one."""
    return builtins.int(value.item() if isinstance(value, np.ndarray) else value)


def patch() -> None:
    """Give that module its own ``int``."""
    multisports_utils.int = to_int
