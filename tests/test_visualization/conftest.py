import runpy
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmaction.registry import MODELS
from mmengine.config import Config
from mmengine.registry import init_default_scope

from mmbimodal.datasets.annotation import write_annotation

ROOT = Path(__file__).resolve().parents[2]
CLASSES = ['fight', 'hug', 'walk']
SIZES = dict(rgb=(96, 72), ir=(64, 48))


def write_video(path, size, frames=20, seed=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*'MJPG'), 25, size)
    rng = np.random.default_rng(seed)
    for _ in range(frames):
        coarse = rng.integers(0, 256, (6, 8, 3), np.uint8)
        writer.write(cv2.resize(coarse, size))
    writer.release()


@pytest.fixture(scope='session')
def data_root(tmp_path_factory):
    """Three samples of three classes with 20 frames each."""
    root = tmp_path_factory.mktemp('pairs')
    rows = []
    for k in range(3):
        row = dict(sample_id=f's{k}', label=k)
        for name, size in SIZES.items():
            row[name] = f'{name}/s{k}.avi'
            write_video(root / row[name], size, seed=k)
        rows.append(row)
    write_annotation(
        str(root / 'annotations/xview_test.json'),
        dataset='toy',
        split='test',
        classes=CLASSES,
        modalities=list(SIZES),
        data_list=rows,
    )
    return root


@pytest.fixture(scope='session')
def config_file(data_root, tmp_path_factory):
    """The synthetic pairs' config on these samples, with one layer."""
    loader = dict(
        num_workers=0, persistent_workers=False, dataset=dict(data_root=str(data_root))
    )
    path = tmp_path_factory.mktemp('config') / 'tiny.py'
    path.write_text(f"""
_base_ = {str(ROOT / 'configs/staf_synth.py')!r}
model = dict(backbone=dict(num_layers=1),
             cls_head=dict(num_classes={len(CLASSES)}))
test_dataloader = {loader!r}
""")
    return str(path)


@pytest.fixture
def config(config_file):
    return Config.fromfile(config_file)


@pytest.fixture(scope='session')
def checkpoint(config_file, tmp_path_factory):
    """Random weights of the tiny model, as mmengine saves them."""
    config = Config.fromfile(config_file)
    init_default_scope('mmaction')
    torch.manual_seed(0)
    model = MODELS.build(config.model)
    model.init_weights()
    path = tmp_path_factory.mktemp('weights') / 'random.pth'
    torch.save(
        dict(
            state_dict=model.state_dict(), meta=dict(dataset_meta=dict(classes=CLASSES))
        ),
        path,
    )
    return str(path)


@pytest.fixture
def run_tool(monkeypatch):
    """Runs a script under tools/ with arguments, in this process."""

    def run(script, *arguments):
        path = ROOT / 'tools' / script
        monkeypatch.setattr(sys, 'argv', [script, *map(str, arguments)])
        # as Python does for a script that it runs
        monkeypatch.syspath_prepend(str(path.parent))
        runpy.run_path(str(path), run_name='__main__')

    return run


@pytest.fixture
def check_png():
    """A picture of under 300 kB that shows something."""

    def check(path):
        data = Path(path).read_bytes()
        assert data.startswith(b'\x89PNG') and len(data) < 300_000
        image = cv2.imread(str(path))
        assert min(image.shape[:2]) > 200 and image.std() > 10

    return check


@pytest.fixture
def check_texts():
    """Nothing drawn, text included, reaches over the figure's edge.

    Returns the texts.
    """

    def check(figure):
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.text import Text

        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        drawn = figure.get_tightbbox(canvas.get_renderer())
        width, height = figure.get_size_inches()
        assert drawn.x0 >= 0 and drawn.x1 <= width
        assert drawn.y0 >= 0 and drawn.y1 <= height
        return [x.get_text() for x in figure.findobj(Text)]

    return check
