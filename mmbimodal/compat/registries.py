"""``ConvBranch is not in the mmengine::weight initializer registry``.

Outside a Runner nothing imports ``mmaction.engine``, where the initialisers
of MMAction2's TANet are registered, nor the other sub-packages. Can go when
building such a model outside a Runner works.
"""

import importlib


def fill() -> None:
    """Import the sub-packages that fill MMAction2's registries."""
    for name in ('datasets', 'engine', 'evaluation', 'models', 'visualization'):
        importlib.import_module(f'mmaction.{name}')
