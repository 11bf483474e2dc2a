"""Say in one sentence which installed package is out of range.

Upstream's own checks are bare assertions, and only about mmcv and mmengine.
"""

from importlib import metadata

from packaging.specifiers import SpecifierSet

# What each range is for: mmengine 0.10.7 is the first that runs on numpy 2;
# MMAction2 1.2.0 refuses mmcv 2.2.
RANGES = {
    'torch': '>=2.1',
    'mmengine': '>=0.10.7,<1.0',
    'mmcv': '>=2.0.0,<2.2.0',
    'mmaction2': '>=1.2.0,<1.3',
    'numpy': '>=1.26,<3',
}
# The distribution that a user installs for it, when it is not the name itself.
REMEDIES = {'mmcv': 'mmcv-lite==2.1.0', 'mmaction2': 'mmaction2==1.2.0'}


def installed_version(package: str) -> str:
    """Version of a distribution; either flavour of mmcv counts as mmcv.

    Raises:
        ImportError: The package is not installed.
    """
    flavours = ('mmcv', 'mmcv-lite') if package == 'mmcv' else (package,)
    for flavour in flavours:
        try:
            return metadata.version(flavour)
        except metadata.PackageNotFoundError:
            continue
    wanted = REMEDIES.get(package, f'{package}{RANGES[package]}')
    raise ImportError(
        f'mmbimodal needs {package}{RANGES[package]}, which is '
        f"not installed: pip install '{wanted}'"
    )


def check() -> None:
    """Check every package of :data:`RANGES`.

    Raises:
        ImportError: One sentence with package, version and remedy.
    """
    for package, wanted in RANGES.items():
        version = installed_version(package)
        if not SpecifierSet(wanted, prereleases=True).contains(version):
            remedy = REMEDIES.get(package, f'{package}{wanted}')
            raise ImportError(
                f'mmbimodal needs {package}{wanted}, but {package} {version} '
                f"is installed: pip install '{remedy}'"
            )
