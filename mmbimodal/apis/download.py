"""Fetch a file once: resumed where it was cut, verified before it has its name."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple
from urllib.parse import unquote, urlparse

import pooch
import requests
from filelock import FileLock
from rich.console import Console
from rich.progress import DownloadColumn, Progress, TransferSpeedColumn

from mmbimodal.errors import InputError

HOME_VARIABLE = 'MMBIMODAL_HOME'
MIRROR_VARIABLE = 'MMBIMODAL_MIRROR'
ATTEMPTS = 3
# Seconds without a byte after which a server counts as stalled.
TIMEOUT = 30.0


class Published(NamedTuple):
    """A file as the index describes it.

    Args:
        address (str): URL (http, https, file) or path.
        sha256 (str): Its checksum, or the first digits of it where its author
            publishes no more.
        size (int, optional): In bytes, where it is known.
    """

    address: str
    sha256: str
    size: int | None = None

    @property
    def file_name(self) -> str:
        """The last part of the address."""
        return Path(unquote(urlparse(self.address).path)).name

    def is_at(self, path: Path) -> bool:
        """Whether a path holds this file, by its checksum."""
        return path.is_file() and _digest(path).startswith(self.sha256)


def cache_folder() -> Path:
    """``MMBIMODAL_HOME``, by default the user's cache of this package."""
    home = os.environ.get(HOME_VARIABLE)
    return Path(home).expanduser() if home else Path(pooch.os_cache('mmbimodal'))


def fetch(file: Published, folder: Path) -> Path:
    """Bring a file into a folder, unless it is there.

    It arrives as ``<name>.part`` and gets its name when its checksum is right. A
    part that is left goes on where it ends. Processes that want the same file
    wait for the first one.

    Args:
        file (Published): What to fetch. ``MMBIMODAL_MIRROR``, a URL or a folder
            that holds files by their names, takes the place of its address.
        folder (Path): Where to; it is made.

    Returns:
        Path: The verified file.

    Raises:
        InputError: It cannot be had, is another file, or cannot be written.
    """
    path = folder / file.file_name
    if file.is_at(path):
        return path
    mirror = os.environ.get(MIRROR_VARIABLE)
    if mirror:
        file = file._replace(address=f'{mirror.rstrip("/")}/{file.file_name}')
    lock = folder / f'.{path.name}.lock'
    with _disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(lock):
            if not file.is_at(path):
                _transfer(file, path)
            # Who waits for the lock finds the file.
            lock.unlink(missing_ok=True)
    return path


def _transfer(file: Published, path: Path) -> None:
    """Fetch and verify ``<name>.part``, then give it its name.

    Raises:
        InputError: See :func:`fetch`.
    """
    part = path.with_name(f'{path.name}.part')
    for attempt in range(1, ATTEMPTS + 1):
        begun = part.is_file()
        reached = _local(file, part) or _http(file, part, path, attempt == ATTEMPTS)
        if reached and file.is_at(part):
            os.replace(part, path)
            return
        if reached:
            digest = _digest(part)
            part.unlink()
            # The part that was there may be at fault.
            if not begun:
                raise InputError(
                    f'{reached} is not {path.name}: its sha256 starts with '
                    f'{digest[:16]}, the index has {file.sha256[:16]}; nothing of it '
                    'was loaded or kept: download from another source '
                    f'({MIRROR_VARIABLE}), or tell the maintainers'
                )
    raise InputError(f'{file.address} gave another file each time: try again later')


def _local(file: Published, part: Path) -> str | None:
    """Copy a file of this machine; None where the address is not one."""
    url = urlparse(file.address)
    if url.scheme in ('http', 'https'):
        return None
    if url.scheme not in ('', 'file'):
        raise InputError(
            f'{file.address} is no address to download from: use http, https, file or '
            'the path of a folder'
        )
    source = Path(unquote(url.path)) if url.scheme else Path(file.address).expanduser()
    if not source.is_file():
        raise InputError(
            f'{source} does not exist: set {MIRROR_VARIABLE} to a folder or an address '
            f'that holds {source.name}'
        )
    shutil.copyfile(source, part)
    return str(source)


def _http(file: Published, part: Path, path: Path, last: bool) -> str | None:
    """Go on with a part; the address that gave it, None to try once more."""
    with open(part, 'ab') as stream:
        if file.size is not None and stream.tell() > file.size:
            _clear(stream)
        if stream.tell() == file.size:
            return file.address
        _check_space(file, stream)
        with _Writer(file, stream) as writer:
            try:
                writer.download()
            except requests.RequestException as error:
                response = getattr(error, 'response', None)
                status = 0 if response is None else response.status_code
                if status == 416:  # there is nothing after this part
                    _clear(stream)
                if not last and (status == 416 or not 400 <= status < 500):
                    return None
                done = os.fstat(stream.fileno()).st_size
                raise InputError(
                    f'{file.address} could not be downloaded ({_reason(error)}): the '
                    f'same command goes on after {done} bytes; without a network, '
                    f'bring the file to {path}, or set {MIRROR_VARIABLE} to a folder '
                    'that holds it'
                ) from error
        return writer.reached


class _Writer:
    """What pooch writes a response to: counts, limits and shows the bytes.

    Args:
        file (Published): What is downloaded.
        stream (BinaryIO): Open to append; what it holds is not asked for again.
    """

    def __init__(self, file: Published, stream: BinaryIO) -> None:
        self.file, self.stream, self.reached = file, stream, file.address
        self.start = stream.tell()
        self.progress = Progress(
            *Progress.get_default_columns(),
            DownloadColumn(),
            TransferSpeedColumn(),
            console=Console(stderr=True),
        )
        self.task = self.progress.add_task(file.file_name, total=file.size)

    def __enter__(self) -> '_Writer':
        self.progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.progress.stop()

    def download(self) -> None:
        """Ask for the rest of the file.

        Raises:
            requests.RequestException: The server failed or fell silent.
            InputError: It has a file of another size.
        """
        headers = {'Accept-Encoding': 'identity'}
        if self.start:
            headers['Range'] = f'bytes={self.start}-'
        pooch.HTTPDownloader(
            timeout=TIMEOUT, headers=headers, hooks=dict(response=self._begin)
        )(self.file.address, self, None)

    def _begin(self, response: requests.Response, **_: Any) -> None:
        """See what a response holds before its content arrives."""
        if response.status_code not in (200, 206):  # a redirection or an error
            return
        self.reached = response.url
        if response.status_code == 200 and self.start:
            # The server knows no ranges and sends all of it.
            _clear(self.stream)
            self.start = 0
        length = response.headers.get('Content-Length')
        if length is not None:
            self._check_size(self.start + int(length), exactly=True)
        self.progress.update(self.task, completed=self.start)

    def write(self, chunk: bytes) -> None:
        """Append a chunk."""
        self._check_size(self.stream.tell() + len(chunk), exactly=False)
        self.stream.write(chunk)
        self.progress.advance(self.task, len(chunk))

    def flush(self) -> None:
        """Give the chunk to the system: a killed process does not lose it."""
        self.stream.flush()

    def _check_size(self, size: int, exactly: bool) -> None:
        expected = self.file.size
        if expected is not None and (size != expected if exactly else size > expected):
            _clear(self.stream)
            raise InputError(
                f'{self.reached} is not {self.file.file_name}: it has {size} bytes, '
                f'the index says {expected}; download from another source '
                f'({MIRROR_VARIABLE}), or log in where the network asks for it'
            )


def _check_space(file: Published, stream: BinaryIO) -> None:
    """Refuse before the disk is full, not when it is."""
    free = shutil.disk_usage(Path(stream.name).parent).free
    if file.size is not None and free < file.size - stream.tell():
        raise InputError(
            f'{file.file_name} needs {(file.size - stream.tell()) / 2**20:.1f} MiB, '
            f'{Path(stream.name).parent} has {free / 2**20:.1f} MiB free: free space, '
            f'or set {HOME_VARIABLE} to a folder on another disk'
        )


def _clear(stream: BinaryIO) -> None:
    stream.seek(0)
    stream.truncate()


def _digest(path: Path) -> str:
    return pooch.file_hash(str(path), alg='sha256')


def _reason(error: requests.RequestException) -> str:
    """Why a download failed, in a few words."""
    if isinstance(error, requests.HTTPError):
        return f'HTTP {error.response.status_code} {error.response.reason}'
    if isinstance(error, requests.TooManyRedirects):
        return 'it redirects in a circle'
    if isinstance(error, requests.Timeout) or 'timed out' in str(error):
        return f'the server is silent for {TIMEOUT:g} s'
    if 'Connection broken' in str(error) or 'aborted' in str(error):
        return 'the connection was cut'
    if isinstance(error, requests.ConnectionError):
        return 'no connection to the server'
    return str(error)


@contextmanager
def _disk_errors(folder: Path) -> Iterator[None]:
    """A folder that cannot be written is the user's to mend."""
    try:
        yield
    except OSError as error:
        raise InputError(
            f'{folder} cannot be written ({error.strerror or error}): free space, or '
            f'name another folder (--dest or {HOME_VARIABLE}); what arrived is kept'
        ) from error
