"""What the wheel holds, and that importing it costs little."""

import ast
import email
import os
import shutil
import subprocess
import sys
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from mmbimodal.compat.versions import RANGES
from mmbimodal.version import __version__

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


def build_wheel(folder, **environment):
    """Build in a copy of the sources, so that the tree stays clean."""
    source = folder / 'source'
    for name in tracked():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, source / name)
    result = subprocess.run(
        [sys.executable, 'setup.py', '-q', 'bdist_wheel', '-d', str(folder)],
        cwd=source,
        capture_output=True,
        text=True,
        env=os.environ | environment,
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


@pytest.mark.parametrize('folder', ['checkpoints', 'configs', 'tools'])
def test_configs_tools_and_models_ship_in_the_wheel(wheel, folder):
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


def test_the_index_can_name_the_address_of_the_files(wheel, tmp_path):
    """Tools of OpenMMLab do not know relative addresses."""
    path = 'mmbimodal/.mim/configs/staf/metafile.yml'
    text = wheel.read(path).decode()
    assert text.count(': checkpoints/') == 2
    built = build_wheel(tmp_path, MMBIMODAL_MIRROR='https://host/v1/')
    with zipfile.ZipFile(built) as file:
        assert file.read(path).decode() == text.replace(
            'checkpoints', 'https://host/v1'
        )


def test_the_wheel_holds_nothing_else(wheel):
    assert all(
        name.split('/')[0] in ('mmbimodal',) or '.dist-info/' in name
        for name in wheel.namelist()
    )
    assert not [name for name in wheel.namelist() if '.pyc' in name]


@pytest.fixture(scope='module')
def metadata(wheel):
    (name,) = (n for n in wheel.namelist() if n.endswith('METADATA'))
    return email.message_from_bytes(wheel.read(name))


def requirements(metadata, extra=''):
    """Names of the distributions that come with the package and one extra."""
    found = map(Requirement, metadata.get_all('Requires-Dist'))
    return {
        canonicalize_name(x.name)
        for x in found
        if x.marker is None or x.marker.evaluate({'extra': extra})
    }


def test_metadata(metadata):
    assert metadata['Name'] == 'mmbimodal'
    assert metadata['Version'] == __version__
    assert metadata['License-Expression'] == 'Apache-2.0'
    assert metadata.get_payload().startswith('# mmbimodal')


def test_the_ranges_checked_at_import_are_the_declared_ones(metadata):
    declared = {
        canonicalize_name(x.name): x.specifier
        for x in map(Requirement, metadata.get_all('Requires-Dist'))
    }
    for name, wanted in RANGES.items():
        if name != 'mmcv':
            assert declared[name] == wanted


def test_the_user_chooses_the_flavour_of_mmcv(metadata):
    """mmcv-lite on top of a compiled mmcv would overwrite its files."""
    flavours = {'mmcv', 'mmcv-lite'}
    assert not requirements(metadata) & flavours
    assert requirements(metadata, 'lite') & flavours == {'mmcv-lite'}


def imported():
    """Top-level modules that the package and its tools import."""
    for name in tracked('mmbimodal', 'tools'):
        if name.endswith('.py'):
            for node in ast.walk(ast.parse((ROOT / name).read_text())):
                if isinstance(node, ast.Import):
                    yield from (x.name.split('.')[0] for x in node.names)
                elif isinstance(node, ast.ImportFrom) and node.level == 0:
                    yield node.module.split('.')[0]


def test_every_import_is_declared(metadata):
    extras = ('lite', 'demo', 'export')
    declared = set().union(*(requirements(metadata, extra) for extra in extras))
    providers = packages_distributions()
    # what lies beside a script
    own = {'mmbimodal', *(Path(x).stem for x in tracked('tools'))}
    undeclared = {
        module
        for module in set(imported()) - sys.stdlib_module_names - own
        # what is optional need not be installed
        if not declared
        & {canonicalize_name(x) for x in providers.get(module, (module,))}
    }
    assert undeclared == set()


@pytest.mark.parametrize('compiled, extras', [(True, 'tests'), (False, 'tests,lite')])
def test_the_two_commands_keep_a_compiled_mmcv(tmp_path, compiled, extras):
    """environment.sh with a substitute for .venv that only notes its calls."""
    shutil.copy(ROOT / 'pyproject.toml', tmp_path)
    (tmp_path / 'tools').mkdir()
    shutil.copy(ROOT / 'tools' / 'environment.sh', tmp_path / 'tools')
    python = tmp_path / '.venv' / 'bin' / 'python'
    python.parent.mkdir(parents=True)
    python.write_text(
        '#!/bin/sh\necho "$@" >> calls\n'
        f'case "$*" in *show*) exit {int(not compiled)};; esac\n'
    )
    python.chmod(0o755)
    for _ in range(2):
        subprocess.run(
            ['bash', '-c', 'set -euo pipefail; source tools/environment.sh'],
            cwd=tmp_path,
            check=True,
        )
    calls = (tmp_path / 'calls').read_text().splitlines()
    assert [x for x in calls if '--editable' in x] == [
        f'-m pip install --quiet --editable .[{extras}]'
    ]


def test_no_registry_or_cache_of_ours_is_tracked():
    assert not [
        name
        for name in tracked()
        if name.startswith(('data/', 'work_dirs/', '.venv/')) or '__pycache__' in name
    ]


def test_without_mmcv_the_import_says_what_to_install():
    code = (
        'from importlib import metadata\n'
        'real = metadata.version\n'
        'def version(name):\n'
        '    if name.startswith("mmcv"):\n'
        '        raise metadata.PackageNotFoundError(name)\n'
        '    return real(name)\n'
        'metadata.version = version\n'
        'import mmbimodal'
    )
    result = subprocess.run(
        [sys.executable, '-c', code], cwd=ROOT, capture_output=True, text=True
    )
    assert result.stderr.splitlines()[-1] == (
        'ImportError: mmbimodal needs mmcv>=2.0.0,<2.2.0, which is not installed: '
        "pip install 'mmcv-lite==2.1.0'"
    )
