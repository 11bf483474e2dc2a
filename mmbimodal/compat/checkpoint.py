"""Checkpoints: weights only, and one sentence when one cannot be read.

torch ≥ 2.6 loads weights only, but mmengine's training checkpoints hold its
``HistoryBuffer`` and numpy arrays: testing and resuming then end in
``UnpicklingError``. The remedy keeps ``weights_only=True`` and names what a
training checkpoint may hold besides tensors. Can go when mmengine does so.

mmengine's download does not verify the checksum in the file's name and reads
the file with ``weights_only=False``; the loaders here do neither. Six files of
MMAction2 have no checksum in their name: they need the user's consent, and the
checksum of the first download is recorded and required from then on.
"""

import hashlib
import os
import pickle
import re
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlparse

import numpy as np
import torch
from mmengine.dist import barrier, is_main_process
from mmengine.logging import HistoryBuffer
from mmengine.optim.scheduler.param_scheduler import OneCycleParamScheduler
from mmengine.runner import CheckpointLoader
from mmengine.utils import digit_version
from torch.hub import HASH_REGEX, download_url_to_file

from mmbimodal.errors import InputError

# Set to 1, a file without a checksum in its name is downloaded.
TRUST_VARIABLE = 'MMBIMODAL_TRUST_FIRST_DOWNLOAD'

# Functions that mmengine stores in checkpoints, by the class they are of.
_ATTRIBUTES = {
    HistoryBuffer: ('current', 'max', 'mean', 'min'),
    OneCycleParamScheduler: ('_annealing_cos', '_annealing_linear'),
}


def allowed_attribute(owner: Any, name: str) -> Any:
    """``getattr`` as a checkpoint may use it: a few functions of mmengine.

    Raises:
        pickle.UnpicklingError: Anything else was asked for.
    """
    if isinstance(owner, type) and name in _ATTRIBUTES.get(owner, ()):
        return getattr(owner, name)
    raise pickle.UnpicklingError(
        f'a checkpoint may not read the attribute {name!r} of {owner!r}'
    )


def allow_training_checkpoints() -> None:
    """Tell torch what mmengine's checkpoints hold besides tensors."""
    if digit_version(torch.__version__) < digit_version('2.6'):
        # These releases load arbitrary pickles unless told otherwise, and
        # cannot be given a stand-in for ``getattr``: weights load, optimizer
        # and log state of a training checkpoint do not.
        os.environ.setdefault('TORCH_FORCE_WEIGHTS_ONLY_LOAD', '1')
        return
    arrays = np._core if hasattr(np, '_core') else np.core
    reconstruct, scalar = (arrays.multiarray._reconstruct, arrays.multiarray.scalar)
    torch.serialization.add_safe_globals(
        [*_ATTRIBUTES, (allowed_attribute, 'builtins.getattr')]
        + [np.ndarray, np.dtype]
        + [type(np.dtype(code)) for code in 'bBhHiIlLqQefd?']
        +
        # numpy 2 moved the module: files written by either are accepted.
        [
            (function, f'numpy.{core}.multiarray.{function.__name__}')
            for core in ('core', '_core')
            for function in (reconstruct, scalar)
        ]
    )


def load_from_local(filename: str, map_location: str | None = None) -> Any:
    """``torch.load(weights_only=True)`` of a local file.

    Raises:
        InputError: The file is missing, incomplete, or holds more than
            weights and training state.
    """
    path = Path(filename).expanduser()
    if not path.is_file():
        raise InputError(
            f'the checkpoint {path} does not exist: check the path, or train first'
        )
    try:
        return torch.load(path, map_location=map_location, weights_only=True)
    except Exception as error:
        # torch names what it does not allow; anything else is a damaged file
        # over which the unpickler stumbles in one way or another.
        if isinstance(error, pickle.UnpicklingError) and re.search(
            '(?i)unsupported|not an allowed|may not read', str(error)
        ):
            raise InputError(
                f'the checkpoint {path} is refused, nothing of it was '
                'executed: it holds code or objects besides weights; get '
                'the weights alone from its author'
            ) from error
        raise InputError(
            f'the checkpoint {path} is truncated or damaged: download or copy it again'
        ) from error


def load_from_http(
    filename: str, map_location: str | None = None, model_dir: str | None = None
) -> Any:
    """Download once, verify the checksum, load weights only.

    The checksum is in the file's name or, with the user's consent, that of
    the first download.

    Raises:
        InputError: There is no checksum, it does not match, or the download
            failed.
    """
    name = os.path.basename(urlparse(filename).path)
    checksum = HASH_REGEX.search(name)
    folder = Path(model_dir or Path(torch.hub.get_dir()) / 'checkpoints')
    path = folder / name
    record = folder / f'{name}.sha256'
    trusted = record.exists() or os.environ.get(TRUST_VARIABLE) == '1'
    if checksum is None and not trusted:
        raise InputError(
            f'{filename} has no checksum in its name '
            '("-<sha256>."), so what arrives cannot be verified: '
            'download it yourself and give the local path, or set '
            f'{TRUST_VARIABLE}=1 to trust the first download, whose checksum '
            f'is recorded in {record} and required from then on'
        )
    if is_main_process():
        if not path.exists():
            _download(filename, path, checksum and checksum.group(1))
        if checksum is None:
            _check_record(path, record)
    barrier()
    return load_from_local(str(path), map_location)


def _download(url: str, path: Path, checksum: str | None) -> None:
    """Fetch a file whose checksum starts with ``checksum``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        download_url_to_file(url, str(path), hash_prefix=checksum)
    except (URLError, OSError, RuntimeError) as error:
        raise InputError(
            f'{url} could not be downloaded ({error}): bring the '
            f'file to {path} by other means and start again'
        ) from error


def _check_record(path: Path, record: Path) -> None:
    """Compare with the recorded checksum, or record it the first time.

    Raises:
        InputError: The file is not the one that was trusted.
    """
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if not record.exists():
        # The format of sha256sum, whose --check reads it.
        record.write_text(f'{digest}  {path.name}\n')
    elif record.read_text().split()[:1] != [digest]:
        raise InputError(
            f'{path} is not the file that was trusted: its checksum is {digest}, '
            f'{record} holds another; delete both to download and trust it anew'
        )


def register_loaders() -> None:
    """Use them wherever mmengine loads a checkpoint."""
    CheckpointLoader.register_scheme('', load_from_local, force=True)
    CheckpointLoader.register_scheme(
        ('http://', 'https://'), load_from_http, force=True
    )
