import os
import sys
from pathlib import Path

import pytest
from mmengine.config import Config
from mmengine.registry import init_default_scope

import mmbimodal  # noqa: F401
from mmbimodal.datasets.synthetic import Request, Settings, generate

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / 'tests'))


def pytest_collection_modifyitems(items):
    """Tests marked slow run with ``SLOW_TESTS=1``."""
    if not os.environ.get('SLOW_TESTS'):
        for item in items:
            if item.get_closest_marker('slow'):
                item.add_marker(pytest.mark.skip(reason='set SLOW_TESTS=1'))


@pytest.fixture(autouse=True)
def default_scope():
    init_default_scope('mmaction')


@pytest.fixture(scope='session')
def pairs(tmp_path_factory):
    """Root of 24 + 12 generated pairs with their annotation."""
    root = tmp_path_factory.mktemp('pairs')
    generate(root, Request(24, 12, Settings(0, (72, 108), 'easy')), 2)
    return root


@pytest.fixture(scope='session')
def tracked_pairs(tmp_path_factory):
    """The same with skeletons, 12 + 12."""
    root = tmp_path_factory.mktemp('tracked_pairs')
    generate(root, Request(12, 12, Settings(0, (72, 108), 'easy', True)), 2)
    return root


@pytest.fixture
def tiny_config(pairs):
    """configs/staf_synth.py, tiny, on the generated pairs."""
    config = Config.fromfile(ROOT / 'configs' / 'staf_synth.py')
    config.merge_from_dict(
        {
            'model.backbone.embed_dims': 16,
            'model.backbone.num_heads': 2,
            'model.backbone.num_layers': 2,
            'model.neck.in_channels': 16,
            'model.neck.num_samples': 20,
            'model.cls_head.in_channels': 16,
            'model.cls_head.num_heads': 2,
        }
    )
    for split in ('train', 'val', 'test'):
        config.merge_from_dict(
            {
                f'{split}_dataloader.dataset.data_root': str(pairs),
                f'{split}_dataloader.num_workers': 0,
                f'{split}_dataloader.persistent_workers': False,
                f'{split}_dataloader.batch_size': 6,
            }
        )
    return config
