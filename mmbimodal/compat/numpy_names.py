"""``np.Inf was removed in the NumPy 2.0 release``.

MMAction2 1.2.0 uses names that numpy 2 has removed, and its ``Imgaug``
overwrites ``numpy.bool`` for the whole process, after which
``numpy.testing`` fails. Its modules get a view of numpy that knows the old
names and keeps what they write. Can go when no module of MMAction2 uses them.
"""

import importlib
from types import ModuleType
from typing import Any

import numpy as np

MODULES = (
    'mmaction.datasets.transforms.pose_transforms',
    'mmaction.datasets.transforms.wrappers',
    'mmaction.evaluation.functional.accuracy',
    'mmaction.evaluation.functional.ava_evaluation.metrics',
    'mmaction.evaluation.metrics.multimodal_metric',
    'mmaction.utils.misc',
)


class NumpyView(ModuleType):
    """numpy with the names of before 2.0; numpy itself stays as it is."""

    Inf = np.inf
    NAN = np.nan
    in1d = staticmethod(np.isin)  # the same for one-dimensional arrays
    trapz = staticmethod(
        getattr(np, 'trapezoid' if hasattr(np, 'trapezoid') else 'trapz')
    )

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)


def patch() -> None:
    """Give each module the view."""
    view = NumpyView('numpy')
    for name in MODULES:
        vars(importlib.import_module(name))['np'] = view
