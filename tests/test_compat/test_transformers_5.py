"""MMAction2 beside transformers 5, which lacks names that it imports."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def transformers(tmp_path):
    """Environment in which a package that looks like transformers 5 is installed."""
    package = tmp_path / 'transformers'
    (package / 'models' / 'bert').mkdir(parents=True)
    for folder in (package, package / 'models', package / 'models' / 'bert'):
        (folder / '__init__.py').touch()
    (package / 'modeling_utils.py').touch()
    record = tmp_path / 'transformers-5.0.0.dist-info'
    record.mkdir()
    text = 'Metadata-Version: 2.1\nName: transformers\nVersion: 5.0.0\n'
    (record / 'METADATA').write_text(text, encoding='utf-8')
    return dict(os.environ, PYTHONPATH=f'{tmp_path}{os.pathsep}{ROOT}')


def run(code, environment):
    return subprocess.run(
        [sys.executable, '-c', code], env=environment, capture_output=True, text=True
    )


def test_models_import(transformers):
    found = run('import mmbimodal, mmaction.models', transformers)
    assert found.returncode == 0, found.stderr[-2000:]


def test_mmaction_alone_still_fails(transformers):
    """Passes without the work-around? Then compat/transformers_5.py can go."""
    code = (
        'import sys, types; package = types.ModuleType("mmbimodal"); '
        # The package's own import would apply every work-around.
        f'package.__path__ = [{str(ROOT / "mmbimodal")!r}]; '
        'sys.modules["mmbimodal"] = package; '
        'from mmbimodal.compat import localizers; '
        'localizers.stub_missing_drn(); import mmaction.models'
    )
    found = run(code, transformers)
    assert found.returncode != 0
    assert 'transformers' in found.stderr
