import importlib
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def write_video():
    """Writes a small MJPG video of noise; returns its path."""

    def write(path, frames=12, size=(64, 48), fps=10, seed=0):
        path.parent.mkdir(parents=True, exist_ok=True)
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*'MJPG'), fps, size)
        rng = np.random.default_rng(seed)
        for _ in range(frames):
            writer.write(rng.integers(0, 256, size[::-1] + (3,), np.uint8))
        writer.release()
        return path

    return write


@pytest.fixture
def load_tool(monkeypatch):
    """Loads a script under tools/ as a module.

    Worker processes find its functions by the module's name.
    """
    monkeypatch.syspath_prepend(ROOT)
    loaded = []

    def load(path):
        name = '.'.join(('tools', *Path(path).with_suffix('').parts))
        loaded.append(name)
        # as if Python were told to run it
        monkeypatch.syspath_prepend((ROOT / 'tools' / path).parent)
        return importlib.import_module(name)

    yield load
    for name in loaded:
        sys.modules.pop(name, None)
