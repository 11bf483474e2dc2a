"""The page of tools/demo.py: what its server answers, and what a browser shows."""

import argparse
import importlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import pytest
import requests

from mmbimodal.apis import MMBimodalInferencer, fetch_weights
from mmbimodal.apis.trial import Limits
from mmbimodal.errors import InputError

gradio_client = pytest.importorskip(
    'gradio_client', reason="Gradio is not installed: pip install '.[demo]'"
)
ROOT = Path(__file__).resolve().parents[2]
BROWSERS = ('chromium-headless-shell', 'chromium', 'chromium-browser', 'google-chrome')
AS_IT_IS = 'as recorded'


class Served(NamedTuple):
    url: str
    client: gradio_client.Client
    folder: Path

    def ask(self, *files, model='staf_synth', variation=AS_IT_IS, brightness=10):
        handles = [x and gradio_client.handle_file(x) for x in files]
        return self.client.predict(
            model, variation, brightness, *handles, api_name='/recognise'
        )

    def upload(self, size):
        files = dict(files=('film.avi', bytes(size)))
        return requests.post(f'{self.url}gradio_api/upload', files=files, timeout=30)

    def post(self, *paths):
        """What the server answers to a request that no page would send."""
        meta = dict(_type='gradio.FileData')
        files = [x and dict(path=str(x), meta=meta) for x in paths]
        call = f'{self.url}gradio_api/call/recognise'
        data = dict(data=['staf_synth', AS_IT_IS, 10, *files])
        posted = requests.post(call, json=data, timeout=30)
        if not posted.ok:
            return posted.text
        event = posted.json()['event_id']
        return requests.get(f'{call}/{event}', timeout=60).text


def free_port():
    """Two pages that look for one at once may find the same."""
    with socket.socket() as found:
        found.bind(('127.0.0.1', 0))
        return found.getsockname()[1]


@pytest.fixture(scope='module')
def served(tmp_path_factory):
    """The page, which takes files of up to 1 MB and 5 s."""
    folder = tmp_path_factory.mktemp('temporary')
    process = subprocess.Popen(
        [
            *(sys.executable, str(ROOT / 'tools/demo.py'), '--device', 'cpu'),
            *('--max-size', '1', '--max-length', '5', '--port', str(free_port())),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=dict(os.environ, PYTHONPATH=str(ROOT), TMPDIR=str(folder)),
    )
    try:
        line = process.stdout.readline()
        assert line, process.stderr.read()
        url = re.fullmatch(r'open (http://127\.0\.0\.1:\d+/) in a browser; .*\n', line)
        downloads = tmp_path_factory.mktemp('downloads')
        client = gradio_client.Client(url[1], verbose=False, download_files=downloads)
        yield Served(url[1], client, folder)
    finally:
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 128 + signal.SIGTERM
    assert errors.splitlines()[-1].startswith('terminated')
    # uploads, pictures and examples are gone
    assert [*folder.iterdir()] == []


@pytest.fixture
def example(served):
    """Paths of the first example, which lies in the server's temporary folder."""
    (folder,) = served.folder.glob('mmbimodal-demo-*')
    return {x: str(folder / f'examples/push-{x}.avi') for x in ('rgb', 'ir')}


def test_an_example(served, example):
    bars, picture, table, notes = served.ask(*example.values())
    expected = MMBimodalInferencer('staf_synth', device='cpu')(example)
    (row,) = expected['predictions']
    assert bars['label'] == 'push' == row['pred_class']
    assert [(x['label'], x['confidence']) for x in bars['confidences']] == [
        (x['class'], pytest.approx(x['score'], abs=1e-5)) for x in row['top_k']
    ]
    assert table['headers'] == ['What it sees', 'Action', 'Score']
    assert len(table['data']) == 5
    assert table['data'][0] == ['rgb + ir (fused)', 'push', f'{row["pred_score"]:.0%}']
    # as the page says, neither is enough
    assert {x[0]: x[1] for x in table['data'] if 'alone' in x[0]} == {
        'ir alone (rgb switched off)': 'walk',
        'rgb alone (ir switched off)': 'hug',
    }
    assert cv2.imread(picture).std() > 10 and notes == ''


def test_one_modality_less(served, example):
    dark, _, table, _ = served.ask(*example.values(), variation='rgb darkened')
    bright, *_ = served.ask(*example.values(), variation='rgb darkened', brightness=100)
    off, *_ = served.ask(*example.values(), variation='rgb switched off')
    assert dark['label'] == table['data'][1][1] == 'walk'
    assert bright['label'] == 'push' and off['label'] == 'walk'
    alone, *_ = served.ask(None, example['ir'])
    assert len(alone['confidences']) == 5
    swapped = served.ask(*[*example.values()][::-1])
    assert 'check that they are not swapped' in swapped[3]


def write_video(path, frames, size=(64, 48)):
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*'MJPG'), 10, size)
    for _ in range(frames):
        writer.write(np.zeros((*size[::-1], 3), np.uint8))
    writer.release()


def notes(path):
    path.write_text('walk to the left')


def cut(path):
    write_video(path, 40)
    path.write_bytes(path.read_bytes()[:-5000])


@pytest.mark.parametrize(
    'name, write, message',
    [
        ('notes.avi', notes, 'notes.avi is no video that can be read: upload one'),
        ('notes.txt', notes, 'Invalid file type'),
        ('list.m3u8', notes, 'Invalid file type'),
        ('cut.avi', cut, 'cut.avi cannot be read (it is shorter than its header says'),
        ('long.avi', lambda x: write_video(x, 60), 'long.avi is too long: 5 s and'),
        ('wide.avi', lambda x: write_video(x, 2, (8000, 2000)), '8000×2000 pixels'),
        ('short.avi', lambda x: write_video(x, 1), 'short.avi'),
    ],
)
def test_uploads_that_are_of_no_use(served, example, tmp_path, name, write, message):
    write(tmp_path / name)
    with pytest.raises(gradio_client.exceptions.AppError) as error:
        served.ask(example['rgb'], tmp_path / name)
    sentence = str(error.value)
    assert message in sentence and len(sentence.splitlines()) == 1
    # it does not say where the server keeps files
    assert str(served.folder) not in sentence and '/tmp' not in sentence


def test_an_upload_that_is_too_large(served):
    for size, status in ((2**20 - 1000, 200), (2**20 + 1000, 413)):
        assert served.upload(size).status_code == status


def test_no_file_of_the_server_can_be_read(served, example, tmp_path):
    secret = tmp_path / 'secret.avi'
    write_video(secret, 10)
    weights = fetch_weights('staf_synth')
    routes = ('file=', 'file/', 'stream/', '')
    paths = ['/etc/passwd', secret, weights, ROOT / 'README.md', ROOT / 'tools/demo.py']
    paths += ['../' * 12 + 'etc/passwd', '%2e%2e/' * 12 + 'etc/passwd', 'README.md']
    for route in (*(f'gradio_api/{x}' for x in routes), 'static/', 'assets/', ''):
        for path in paths:
            request = requests.Request('GET', served.url).prepare()
            request.url = f'{served.url}{route}{path}'  # ".." as it is
            with requests.Session() as session:
                answer = session.send(request, timeout=30)
            assert b'root:' not in answer.content
            assert b'mmbimodal.apis' not in answer.content
            assert answer.status_code in (400, 403, 404, 405), (route, path)

    # as the input of a request
    for path in (secret, weights, '/etc/passwd'):
        answer = served.post(path, path)
        assert 'event: error' in answer or 'detail' in answer, answer
        assert 'confidences' not in answer and str(ROOT) not in answer
    # what the page itself serves can be read
    assert requests.get(f'{served.url}config', timeout=30).ok


def test_a_request_cannot_name_a_model_that_is_not_offered(served, example):
    for model in ('configs/staf_infar.py', 'staf_infar', '/etc/passwd'):
        with pytest.raises(gradio_client.exceptions.AppError, match='choices'):
            served.ask(*example.values(), model=model)


def test_only_this_machine_can_reach_it(served):
    """All addresses in 127.0.0.0/8 are this machine: only one of them is served."""
    port = int(served.url.split(':')[-1].strip('/'))
    socket.create_connection(('127.0.0.1', port), timeout=5).close()
    with pytest.raises(OSError):
        socket.create_connection(('127.0.0.2', port), timeout=5)


def test_other_hosts_cannot_pass_for_it(served):
    own = served.url.split('/')[2]
    for host, status in ((own, 200), ('localhost', 200), ('other.example', 400)):
        answer = requests.get(served.url, headers=dict(Host=host), timeout=30)
        assert answer.status_code == status


def test_uploads_are_removed_after_a_while(load_tool, monkeypatch):
    """And examples are not."""
    importlib.import_module('gradio')  # it notes where temporary files are
    demo = load_tool('demo.py')
    monkeypatch.setattr(demo, 'CLEANING', (1, 1))
    with demo.temporary_folder() as folder:
        models = dict(staf_synth=['rgb', 'ir'])
        page = demo.build_page(models, folder / 'examples', Limits(), 'cpu')
        served = Served(demo.serve(page, free_port(), 1), None, folder)
        try:
            (upload,) = map(Path, served.upload(1000).json())
            assert folder in upload.parents
            deadline = time.monotonic() + 120
            while upload.exists():
                assert time.monotonic() < deadline
                time.sleep(0.1)
            assert f'{upload.name} was removed after a while' in served.post(
                upload, None
            )
            examples = [folder / f'examples/push-{x}.avi' for x in ('rgb', 'ir')]
            assert '"label": "push"' in served.post(*examples)
        finally:
            page.close(verbose=False)


@pytest.fixture
def page(served):
    """The page in headless Chromium; what it asks of other machines fails the test."""
    reason = "Playwright is not installed: pip install '.[browser]'"
    playwright = pytest.importorskip('playwright.sync_api', reason=reason)
    chromium = next(filter(None, map(shutil.which, BROWSERS)), None)
    if chromium is None:
        pytest.skip('Chromium is not installed: apt-get install chromium')
    asked = []
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium)
        page = browser.new_page()
        page.set_default_timeout(60_000)
        page.on('request', lambda request: asked.append(request.url))
        page.goto(served.url)
        yield page
        browser.close()
    assert [x for x in asked if not x.startswith((served.url, 'data:', 'blob:'))] == []
    assert len(asked) > 10


def label(page, action):
    """Wait until the page names an action."""
    page.locator('[data-testid="label-output-value"]', has_text=action).wait_for()


def test_an_example_in_a_browser(page):
    page.get_by_role('button', name='push', exact=True).click()
    label(page, 'push')
    assert len(page.get_by_text(re.compile(r'^\d+%$')).all()) >= 5 + 5  # bars, opinions
    assert page.get_by_text('ir alone (rgb switched off)').count()
    strips = page.locator('img[src*="image.png"]')
    strips.wait_for()
    assert strips.evaluate('x => x.decode().then(() => x.naturalWidth)') > 500
    page.get_by_label('rgb switched off').check()
    label(page, 'walk')
    page.get_by_role('button', name='handshake', exact=True).click()
    label(page, 'handshake')


def test_uploads_in_a_browser(page, tmp_path):
    """A person reads one sentence about a file, and what was there is still there."""
    notes(tmp_path / 'notes.avi')
    notes(tmp_path / 'notes.txt')
    (tmp_path / 'large.avi').write_bytes(bytes(2**21))
    write_video(tmp_path / 'long.avi', 60)
    inputs = page.locator('input[type=file]')  # of the files that are not there yet
    rgb, ir = inputs.nth(0), inputs.nth(1)
    for name, sentence in (
        ('notes.txt', 'Invalid file type: notes.txt.'),
        ('large.avi', 'exceed the maximum allowed size of 1.0 MB: "large.avi"'),
    ):
        ir.set_input_files(tmp_path / name)
        page.get_by_text(sentence).wait_for()
    for upload, name, sentence in (
        (ir, 'notes.avi', 'notes.avi is no video that can be read'),
        (rgb, 'long.avi', 'long.avi is too long: 5 s and 3600 frames are the most'),
    ):
        upload.set_input_files(tmp_path / name)
        page.locator(f'a[href*="{name}"]').wait_for()  # it has arrived
        page.get_by_role('button', name='Recognise').click()
        page.get_by_text(sentence).wait_for()
    page.get_by_role('button', name='push', exact=True).click()
    label(page, 'push')


def test_a_port_that_is_taken(served, load_tool, monkeypatch, tmp_path):
    """One sentence, and nothing is left behind."""
    port = int(served.url.split(':')[-1].strip('/'))
    options = dict(models=[], port=port, max_size=1, max_length=5, device='cpu')
    monkeypatch.setattr(tempfile, 'tempdir', str(tmp_path))
    with pytest.raises(InputError, match=f'port {port} of 127.0.0.1 is not free'):
        load_tool('demo.py').main(argparse.Namespace(**options))
    assert tempfile.tempdir == str(tmp_path) and 'GRADIO_TEMP_DIR' not in os.environ
    assert not [*tmp_path.glob('mmbimodal-demo-*')]


def test_the_package_does_not_need_gradio():
    paths = [*(ROOT / 'mmbimodal').rglob('*.py')]
    assert len(paths) > 100
    assert not [x for x in paths if 'import gradio' in x.read_text(encoding='utf-8')]
