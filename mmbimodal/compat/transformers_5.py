"""``import mmaction.models`` → cannot import ``apply_chunking_to_forward``.

MMAction2's VindLU models import names that transformers 5 removed. MMAction2
leaves these models out where transformers is missing, and fails where it is too
new. Can go when a released MMAction2 imports beside transformers 5.
"""

from importlib import metadata


def vindlu_breaks() -> bool:
    """Whether transformers is installed and too new for MMAction2."""
    try:
        version = metadata.version('transformers')
    except metadata.PackageNotFoundError:
        return False
    return int(version.split('.')[0]) >= 5


def leave_out_vindlu() -> None:
    """Let MMAction2 act as without transformers; call before its models load."""
    if vindlu_breaks():
        from mmaction.utils import dependency

        dependency.WITH_MULTIMODAL = False
