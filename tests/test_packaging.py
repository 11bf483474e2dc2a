"""What the wheel holds, and that importing it costs little."""

import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def tracked(*folders):
    """Files of the repository, as git lists them."""
    return subprocess.run(
        ['git', 'ls-files', *folders],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()


def build_wheel(folder, python=sys.executable):
    """Build in a copy of the sources, so that the tree stays clean."""
    source = folder / 'source'
    for name in tracked():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, source / name)
    result = subprocess.run(
        [str(python), 'setup.py', '-q', 'bdist_wheel', '-d', str(folder)],
        cwd=source,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    return next(folder.glob('*.whl'))


@pytest.fixture(scope='module')
def wheel(tmp_path_factory):
    with zipfile.ZipFile(build_wheel(tmp_path_factory.mktemp('wheel'))) as f:
        yield f


def test_every_module_is_in_the_wheel(wheel):
    """Upstream's own wheel lacks a sub-package, and does not import."""
    assert set(tracked('mmbimodal')) <= set(wheel.namelist())


@pytest.mark.parametrize('folder', ['configs', 'tools'])
def test_configs_and_tools_ship_in_the_wheel(wheel, folder):
    names = tracked(folder)
    assert names
    assert {f'mmbimodal/.mim/{name}' for name in names} <= set(wheel.namelist())


@pytest.mark.parametrize(
    'name',
    [
        'model-index.yml',
        'tools/data/infar/label_map.txt',
        'tools/data/ntu60/label_map.txt',
    ],
)
def test_data_files_ship_in_the_wheel(wheel, name):
    shipped = wheel.read(f'mmbimodal/.mim/{name}')
    assert shipped == (ROOT / name).read_bytes()


def test_the_wheel_holds_nothing_else(wheel):
    assert all(
        name.split('/')[0] in ('mmbimodal',) or '.dist-info/' in name
        for name in wheel.namelist()
    )
    assert not [name for name in wheel.namelist() if '.pyc' in name]


def requirements(wheel):
    (name,) = (n for n in wheel.namelist() if n.endswith('METADATA'))
    return [
        line.split(':', 1)[1].strip()
        for line in wheel.read(name).decode().splitlines()
        if line.startswith('Requires-Dist')
    ]


def test_mmcv_lite_is_the_default(wheel):
    assert any(r.startswith('mmcv-lite') for r in requirements(wheel))


def test_a_full_mmcv_is_kept(tmp_path):
    """An environment that has it gets no mmcv-lite on top."""
    venv.create(tmp_path / 'env', with_pip=False)
    (site,) = (tmp_path / 'env' / 'lib').glob('python*/site-packages')
    setuptools = Path(__import__('setuptools').__file__).parents[1]
    (site / 'base.pth').write_text(str(setuptools))
    info = site / 'mmcv-2.1.0.dist-info'
    info.mkdir()
    (info / 'METADATA').write_text(
        'Metadata-Version: 2.1\nName: mmcv\nVersion: 2.1.0\n'
    )
    path = build_wheel(tmp_path, tmp_path / 'env' / 'bin' / 'python')
    with zipfile.ZipFile(path) as wheel:
        names = [
            r.split('<')[0].split('>')[0].split(',')[0] for r in requirements(wheel)
        ]
    assert 'mmcv' in names and 'mmcv-lite' not in names


def test_no_registry_or_cache_of_ours_is_tracked():
    assert not [
        name
        for name in tracked()
        if name.startswith(('data/', 'work_dirs/', '.venv/')) or '__pycache__' in name
    ]
