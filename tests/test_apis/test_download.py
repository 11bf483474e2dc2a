"""Downloads from a server on this machine that does what servers do."""

import multiprocessing
import os
import resource
import threading
import time
from http.server import ThreadingHTTPServer

import pytest
from file_server import CONTENT, SHA256, SIZE, Handler

from mmbimodal.apis import download
from mmbimodal.apis.download import Published, fetch
from mmbimodal.errors import InputError


@pytest.fixture
def server(monkeypatch):
    for name in (download.MIRROR_VARIABLE, 'http_proxy', 'HTTP_PROXY'):
        monkeypatch.delenv(name, raising=False)
    server = ThreadingHTTPServer(('127.0.0.1', 0), Handler)
    server.asked, server.release = [], threading.Event()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.release.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def published(server):
    """A file of the server that arrives in one of the ways above."""

    def make(way, sha256=SHA256, size=SIZE):
        address = f'http://127.0.0.1:{server.server_port}/{way}/a-1234.pth'
        return Published(address, sha256, size)

    return make


def files(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize('way', ['good', 'cut_once', 'no_ranges', 'moved'])
@pytest.mark.parametrize('sha256', [SHA256, SHA256[:8]], ids=['whole', 'prefix'])
def test_it_arrives(published, server, tmp_path, way, sha256):
    """Once: what is there and right is not asked for again."""
    folder = tmp_path / 'new' / 'cache'
    for _ in range(2):
        path = fetch(published(way, sha256), folder)
        assert path == folder / 'a-1234.pth' and path.read_bytes() == CONTENT
        count = len(server.asked)
    assert len(server.asked) == count == (1 if way == 'good' else 2)
    assert files(folder) == ['a-1234.pth']


def test_a_cut_download_goes_on_where_it_ended(published, server, tmp_path):
    with pytest.raises(InputError, match='connection was cut.* goes on after 458752 b'):
        fetch(published('cut'), tmp_path)
    assert files(tmp_path) == ['.a-1234.pth.lock', 'a-1234.pth.part']
    assert (tmp_path / 'a-1234.pth.part').read_bytes() == CONTENT[:458752]
    assert [x for _, x in server.asked] == [None, 'bytes=262144-', 'bytes=393216-']
    fetch(published('good'), tmp_path)
    assert server.asked[-1][1] == 'bytes=458752-'
    assert files(tmp_path) == ['a-1234.pth']


@pytest.mark.parametrize('left', [b'x' * 1000, CONTENT[:-1] + b'x', CONTENT + b'x'])
def test_a_part_of_another_file_does_no_harm(published, tmp_path, left):
    (tmp_path / 'a-1234.pth.part').write_bytes(left)
    assert fetch(published('good'), tmp_path).read_bytes() == CONTENT


def test_a_complete_part_of_unknown_size(published, server, tmp_path):
    """The server has nothing after it (416)."""
    Handler.nothing = lambda self: (
        self.send(b'', status=416) if self.headers.get('Range') else self.good()
    )
    (tmp_path / 'a-1234.pth.part').write_bytes(CONTENT)
    fetch(published('nothing', size=None), tmp_path)
    assert [x for _, x in server.asked] == [f'bytes={len(CONTENT)}-', None]


def test_a_damaged_file_in_the_cache_is_replaced(published, tmp_path):
    (tmp_path / 'a-1234.pth').write_bytes(CONTENT[:-1])
    assert fetch(published('good'), tmp_path).read_bytes() == CONTENT


@pytest.mark.parametrize(
    'way, size, sentence',
    [
        ('wrong', SIZE, 'wrong/a-1234.pth is not a-1234.pth: its sha256'),
        ('missing', SIZE, r'downloaded \(HTTP 404 Not Found\)'),
        ('busy', SIZE, r'downloaded \(HTTP 503 Service Unavailable\)'),
        ('login', SIZE, 'page/a-1234.pth is not .* 19 bytes, the index says'),
        ('login', None, 'page/a-1234.pth is not a-1234.pth: its sha256'),
        ('endless', SIZE, 'is not a-1234.pth: it has'),
        ('circle', None, 'redirects in a circle'),
        ('to_a_file', None, 'file:///etc/a-1234.pth'),
    ],
)
def test_what_is_not_the_file_is_not_kept(published, tmp_path, way, size, sentence):
    with pytest.raises(InputError, match=sentence) as error:
        fetch(published(way, size=size), tmp_path)
    assert '\n' not in str(error.value)
    left = tmp_path / 'a-1234.pth.part'
    assert not (tmp_path / 'a-1234.pth').exists()
    assert not left.exists() or left.read_bytes() == b''


def test_a_stalled_server(published, tmp_path, monkeypatch):
    monkeypatch.setattr(download, 'TIMEOUT', 0.3)
    monkeypatch.setattr(download, 'ATTEMPTS', 1)
    with pytest.raises(InputError, match=r'silent for 0.3 s\).* after 4096 bytes'):
        fetch(published('stalled'), tmp_path)


def test_offline(published, server, tmp_path):
    file = published('good')
    file = file._replace(address=file.address.replace(str(server.server_port), '9'))
    with pytest.raises(InputError, match='no connection to the server.* bring the fil'):
        fetch(file, tmp_path)


def test_two_processes_download_once(published, server, tmp_path):
    context = multiprocessing.get_context('fork')
    start = context.Barrier(2)

    def work():
        start.wait()
        fetch(published('slow'), tmp_path)

    processes = [context.Process(target=work) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        assert process.exitcode == 0
    assert len(server.asked) == 1
    assert files(tmp_path) == ['a-1234.pth']


def test_a_killed_process_leaves_its_part_and_no_lock(published, server, tmp_path):
    context = multiprocessing.get_context('fork')
    process = context.Process(target=fetch, args=(published('stalled'), tmp_path))
    process.start()
    part = tmp_path / 'a-1234.pth.part'
    while not (part.is_file() and part.stat().st_size == 4096):
        time.sleep(0.01)
    process.kill()
    process.join()
    assert fetch(published('good'), tmp_path).read_bytes() == CONTENT
    assert server.asked[-1] == ('/good/a-1234.pth', 'bytes=4096-')
    assert files(tmp_path) == ['a-1234.pth']


@pytest.mark.parametrize('kind', ['path', 'url'])
def test_a_folder_as_mirror(published, server, tmp_path, monkeypatch, kind):
    mirror = tmp_path / 'mir ror'
    mirror.mkdir()
    address = str(mirror) if kind == 'path' else mirror.as_uri()
    monkeypatch.setenv(download.MIRROR_VARIABLE, address)
    with pytest.raises(InputError, match='mir ror/a-1234.pth does not exist: set MM'):
        fetch(published('good'), tmp_path)
    (mirror / 'a-1234.pth').write_bytes(CONTENT)
    assert fetch(published('good'), tmp_path).read_bytes() == CONTENT
    assert server.asked == []
    with pytest.raises(InputError, match='is not a-1234.pth: its sha256'):
        fetch(published('good', 'ff' * 32), tmp_path / 'other')
    monkeypatch.setenv(download.MIRROR_VARIABLE, 'ftp://host')
    with pytest.raises(InputError, match='ftp://host/a-1234.pth is no address'):
        fetch(published('good'), tmp_path / 'other')


def test_a_mirror_on_a_server(published, server, tmp_path, monkeypatch):
    mirror = published('good').address.rpartition('/')[0] + '/'
    monkeypatch.setenv(download.MIRROR_VARIABLE, mirror)
    assert fetch(published('missing'), tmp_path).read_bytes() == CONTENT
    assert server.asked == [('/good/a-1234.pth', None)]


def test_a_read_only_cache(published, server, monkeypatch):
    """A folder of the kernel, which root cannot write, either."""
    monkeypatch.setenv(download.HOME_VARIABLE, '/proc/self/cache')
    folder = download.cache_folder()
    with pytest.raises(InputError, match='/proc/self/cache cannot be written .*--dest'):
        fetch(published('good'), folder)
    assert server.asked == []


def test_a_read_only_cache_that_has_the_file(published, server, tmp_path, monkeypatch):
    (tmp_path / 'a-1234.pth').write_bytes(CONTENT)
    monkeypatch.setattr(download.Path, 'mkdir', None)  # nothing is written
    assert fetch(published('good'), tmp_path) == tmp_path / 'a-1234.pth'


def test_no_space(published, server, tmp_path):
    with pytest.raises(InputError, match=r'needs .* MiB free: free space'):
        fetch(published('good', size=2**60), tmp_path)
    assert server.asked == []


def test_a_disk_that_fills_meanwhile(published, tmp_path):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**16, limits[1]))
    try:
        with pytest.raises(InputError, match=r'cannot be written \(File too large\)'):
            fetch(published('good'), tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert os.path.getsize(tmp_path / 'a-1234.pth.part') == 2**16
    assert fetch(published('good'), tmp_path).read_bytes() == CONTENT
