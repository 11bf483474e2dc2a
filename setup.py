"""Packaging; everything about a command or a test is in the README."""

import shutil
import subprocess
import sys
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).parent


class BuildWithMim(build_py):
    """Ship configs, tools and the model index inside the package.

    They go to ``mmbimodal/.mim`` of the build folder, where OpenMMLab's tools
    look for them; the source tree stays clean.
    """

    SHIPPED = ('configs', 'tools', 'model-index.yml', 'model_zoo.md')

    def run(self) -> None:
        super().run()
        if self.editable_mode:
            return
        target = Path(self.build_lib) / 'mmbimodal' / '.mim'
        for name in self.SHIPPED:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(
                    source,
                    target / name,
                    dirs_exist_ok=True,
                    ignore=shutil.ignore_patterns('__pycache__'),
                )
            else:
                target.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, target / name)


def mmcv_requirement() -> str:
    """mmcv-lite, unless the environment has a full mmcv, which is kept.

    Both install the same files, so mmcv-lite on top would damage a compiled
    mmcv. pip builds in isolation: only a new interpreter sees what is
    installed beside it.
    """
    probe = 'from importlib.metadata import version; print(version("mmcv"))'
    full = (
        subprocess.run(
            [sys.executable, '-I', '-c', probe], capture_output=True
        ).returncode
        == 0
    )
    return 'mmcv>=2.0.0,<2.2.0' if full else 'mmcv-lite>=2.0.0,<2.2.0'


def version() -> str:
    scope = {}
    exec((ROOT / 'mmbimodal' / 'version.py').read_text(), scope)
    return scope['__version__']


setup(
    name='mmbimodal',
    version=version(),
    description='Bimodal action recognition (RGB + infrared) for MMAction2',
    long_description=(ROOT / 'README.md').read_text(encoding='utf-8'),
    long_description_content_type='text/markdown',
    license='Apache-2.0',
    packages=find_packages(include=['mmbimodal', 'mmbimodal.*']),
    cmdclass=dict(build_py=BuildWithMim),
    python_requires='>=3.10,<3.13',
    install_requires=[
        'torch>=2.1',
        'mmengine>=0.10.7,<1.0',
        mmcv_requirement(),
        'mmaction2>=1.2.0,<1.3',
        # mmaction2 imports it without declaring it
        'importlib_metadata',
        'decord>=0.6.0',
        'einops',
        'numpy>=1.26,<3',
        'packaging',
        'rich',
        'scikit-learn',
    ],
    extras_require=dict(
        tests=['pytest', 'av', 'setuptools', 'wheel'],
        pyav=['av'],
    ),
)
