"""The code that made a result."""

import platform
import subprocess
from importlib.metadata import version
from typing import Any

from mmbimodal.version import __version__

_PACKAGES = ('torch', 'mmengine', 'mmaction2', 'numpy', 'decord')


def provenance() -> dict[str, Any]:
    """Versions and commit, for the file of a result.

    Returns:
        dict: ``versions`` of Python and of the packages, and ``commit`` of
        the repository in the present folder, None where there is none.
    """
    commit = subprocess.run(
        ['git', 'rev-parse', 'HEAD'], capture_output=True, text=True
    )
    return dict(
        versions={
            'python': platform.python_version(),
            'mmbimodal': __version__,  # installed or not
            **{name: version(name) for name in _PACKAGES},
        },
        commit=commit.stdout.strip() or None,
    )
