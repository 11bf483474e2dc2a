"""The recipes of docs/extending.md run as they stand."""

import math
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / 'docs' / 'extending.md').read_text(encoding='utf-8')
# (language, text) of each block
BLOCKS = re.findall(r'^```(\w+)\n(.*?)^```$', PAGE, re.MULTILINE | re.DOTALL)
FILES = {
    text.splitlines()[0].removeprefix('# '): text
    for language, text in BLOCKS
    if language == 'python'
}
COMMANDS = [text for language, text in BLOCKS if language == 'bash']


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder as the page describes it: the repository with the new files."""
    for name in ('configs', 'tools', 'mmbimodal'):
        (tmp_path / name).symlink_to(ROOT / name)
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding='utf-8')
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def train(config, data_root):
    """The model after one epoch whose loss and accuracy are numbers."""
    for split in ('train', 'val', 'test'):
        loader = config[f'{split}_dataloader']
        loader.update(num_workers=0, persistent_workers=False, batch_size=6)
        loader.dataset.data_root = str(data_root)
    config.train_cfg.update(max_epochs=1, val_interval=1)
    config.work_dir = 'work_dirs/recipe'
    runner = Runner.from_cfg(config)
    runner.train()
    assert math.isfinite(runner.message_hub.get_scalar('train/loss').current())
    assert 0 <= runner.message_hub.get_scalar('val/acc/top1').current() <= 1
    return runner.model


@pytest.mark.parametrize('text', FILES.values(), ids=FILES)
def test_a_recipe_is_short(text):
    lines = [x for x in text.splitlines() if x.strip() and not x.startswith('# ')]
    assert len(lines) <= 10


@pytest.mark.parametrize(
    'name, part, type_name',
    [('my_backbone', 'backbone', 'PatchNet'), ('my_fusion', 'neck', 'FeatureMax')],
)
def test_a_component(project, pairs, name, part, type_name):
    model = train(Config.fromfile(project / f'{name}_config.py'), pairs)
    modules = getattr(model, part).modules()
    assert type_name in [type(x).__name__ for x in modules]


def test_a_third_modality(project, tracked_pairs):
    model = train(Config.fromfile(project / 'my_third_config.py'), tracked_pairs)
    assert set(model.backbone.branches) == {'rgb', 'skeleton', 'ir'}
    assert list(model.cls_head.fc_cls) == ['rgb', 'skeleton', 'ir']


def test_a_data_set(project, pairs):
    """From two folders with the classes' names to a trained model."""
    for modality, folder in (('rgb', 'visible'), ('ir', 'thermal')):
        for path in (pairs / f'nturgb+d_{modality}').glob('*.avi'):
            target = Path('videos', folder, path.stem[16:20], f'{path.stem[:20]}.avi')
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
    environment = dict(os.environ, PATH=f'{Path(sys.executable).parent}:{os.defpath}')
    (command,) = COMMANDS
    subprocess.run(
        command.replace('python', shlex.quote(sys.executable), 1),
        shell=True,
        check=True,
        env=environment,
    )
    config = Config.fromfile('my_data_config.py')
    config.model.backbone.update(embed_dims=16, num_heads=2, num_layers=1)
    config.model.neck.update(in_channels=16, num_samples=8)
    config.model.cls_head.update(in_channels=16, num_heads=2)
    train(config, 'data/mine')


def test_an_absent_modality_is_zero_to_the_fusion(project):
    """As the comment in the recipe says."""
    from my_fusion import FeatureMax

    from mmbimodal.structures import BranchFeatures

    here, absent = torch.tensor([True]), torch.tensor([False])
    feats = dict(
        rgb=BranchFeatures(torch.tensor([[-1.0, 2.0]]), here),
        ir=BranchFeatures(torch.tensor([[5.0, 5.0]]), absent),
    )
    assert FeatureMax()(feats)[0].tolist() == [[0.0, 2.0]]
