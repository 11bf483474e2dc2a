import sys
from pathlib import Path

import pytest
from mmengine.config import Config
from mmengine.registry import init_default_scope

import mmbimodal  # noqa: F401
from mmbimodal.datasets.synthetic import Request, Settings, generate

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / 'tests'))


@pytest.fixture(autouse=True)
def default_scope():
    init_default_scope('mmaction')


@pytest.fixture(scope='session')
def pairs(tmp_path_factory):
    """Root of 24 + 12 generated pairs with their annotation."""
    root = tmp_path_factory.mktemp('pairs')
    generate(root, Request(24, 12, Settings(0, (72, 108), 'easy')), 2)
    from mmbimodal.datasets.annotation import read_label_map, write_annotation

    classes = read_label_map(str(root / 'label_map.txt'))
    for split, cameras in (('train', 'C002 C003'), ('test', 'C001')):
        ids = sorted(
            path.name[:20]
            for path in root.glob('nturgb+d_rgb/*.avi')
            if path.name[4:8] in cameras
        )
        write_annotation(
            str(root / 'annotations' / f'xview_{split}.json'),
            dataset='synth',
            split=split,
            classes=classes,
            modalities=['rgb', 'ir'],
            data_list=[
                dict(
                    sample_id=name,
                    label=int(name[-3:]) - 1,
                    rgb=f'nturgb+d_rgb/{name}_rgb.avi',
                    ir=f'nturgb+d_ir/{name}_ir.avi',
                )
                for name in ids
            ],
        )
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
