"""``import mmaction.datasets`` spends a fifth of its time on ``scipy.stats``.

MMAction2 1.2.0 needs one function of it, to sample frames of skeletons. Can
go when ``pose_transforms`` no longer imports it at its top.
"""

import sys
from types import ModuleType
from typing import Any

_PACKAGE = 'scipy.stats'


def _mode(*args, **kwargs) -> Any:
    """:func:`scipy.stats.mode`, imported when it is called."""
    from scipy.stats import mode

    return mode(*args, **kwargs)


def defer() -> None:
    """Import MMAction2's transforms with a placeholder of ``scipy.stats``."""
    if _PACKAGE in sys.modules:
        return
    sys.modules[_PACKAGE] = placeholder = ModuleType(_PACKAGE)
    vars(placeholder)['mode'] = _mode
    try:
        import mmaction.datasets  # noqa: F401
    finally:
        del sys.modules[_PACKAGE]
