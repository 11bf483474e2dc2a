"""What pyproject.toml cannot say: configs, tools and models travel in the wheel."""

import os
import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).parent


class BuildWithMim(build_py):
    """Ship configs, tools and the model index inside the package.

    They go to ``mmbimodal/.mim`` of the build folder, where OpenMMLab's tools
    look for them; the source tree stays clean. With ``MMBIMODAL_MIRROR`` set
    to the address of the released files, the index names them there, which
    ``mim download`` needs: it does not know relative addresses.
    """

    SHIPPED = ('checkpoints', 'configs', 'tools', 'model-index.yml', 'model_zoo.md')

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
        mirror = os.environ.get('MMBIMODAL_MIRROR')
        for path in (target / 'configs').rglob('metafile.yml') if mirror else ():
            text = path.read_text(encoding='utf-8')
            text = text.replace(': checkpoints/', f': {mirror.rstrip("/")}/')
            path.write_text(text, encoding='utf-8')


setup(cmdclass={'build_py': BuildWithMim})
