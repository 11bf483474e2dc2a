"""Bimodal action recognition for MMAction2.

Importing this package makes the released MMAction2 importable
(:mod:`mmbimodal.compat`) and registers every component in MMAction2's
registries, so a config needs only
``custom_imports = dict(imports=['mmbimodal'])``.
"""

from mmbimodal import compat

compat.apply()

from mmbimodal import datasets, engine, evaluation, models  # noqa: E402, F401
from mmbimodal.errors import InputError  # noqa: E402
from mmbimodal.version import __version__  # noqa: E402

__all__ = ['InputError', '__version__']
