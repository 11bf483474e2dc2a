"""``import mmaction.models`` → no module ``mmaction.models.localizers.drn``.

The sub-package is missing from the released 1.2.0 wheel (upstream issue
2714, October 2023). Can go when a released wheel contains it.
"""

import sys
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

_PACKAGE = 'mmaction.models.localizers.drn'


def drn_is_missing() -> bool:
    """Whether the installed MMAction2 lacks the folder."""
    spec = find_spec('mmaction')
    assert spec is not None and spec.origin is not None  # it is required
    root = Path(spec.origin).parent
    return not (root / 'models' / 'localizers' / 'drn').is_dir()


def stub_missing_drn() -> None:
    """Put a placeholder in ``sys.modules`` where the folder is missing."""
    if _PACKAGE in sys.modules or not drn_is_missing():
        return

    class DRN:
        """Placeholder: this localizer is not in the released wheel."""

        def __init__(self, *args, **kwargs):
            raise ImportError(
                'DRN is missing from the released mmaction2 1.2.0: install '
                'MMAction2 from its sources to use this localizer'
            )

    package, module = ModuleType(_PACKAGE), ModuleType(f'{_PACKAGE}.drn')
    vars(package)['drn'], vars(module)['DRN'] = module, DRN
    sys.modules[_PACKAGE], sys.modules[f'{_PACKAGE}.drn'] = package, module
