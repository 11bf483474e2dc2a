"""Every config under configs/, shrunken: it loads, trains and predicts."""

import copy
import re

import pytest
import torch
from mmaction.registry import MODELS
from mmengine.config import Config
from shrink import CONFIGS, FILES, batch, shrink

# MViT's head reads the class token: where the last layer's other queries look
# does not matter to it. STAF's scorer: eq. 4 takes what all frames have in
# common away, so only rounding is left of a bias' gradient.
NO_GRADIENT = re.compile(
    r'shared\.blocks\.1\.attn\.(rel_pos_.|pool_q\.weight)'
    r'|neck\.fc[12]\.bias'
)


@pytest.fixture(
    scope='module', params=FILES, ids=[str(path.relative_to(CONFIGS)) for path in FILES]
)
def config(request):
    return Config.fromfile(request.param)


@pytest.fixture
def model(config):
    torch.manual_seed(0)
    model = MODELS.build(shrink(copy.deepcopy(config)))
    model.init_weights()
    return model


def test_it_trains_and_predicts(config, model):
    """Finite loss, a gradient everywhere, one sample, a batch, two views."""
    data = model.data_preprocessor(batch(config, 'train', 3), training=True)
    # zeros of the initialisation would hide paths from the gradient
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    learning = {k: x for k, x in model.named_parameters() if x.requires_grad}
    frozen = {k for k, _ in model.named_parameters()} - set(learning)
    assert all(x.startswith('backbone.') for x in frozen)
    assert bool(frozen) == bool(config.model.backbone.get('frozen'))
    losses = model.train()(**data, mode='loss')
    total = sum(x for name, x in losses.items() if 'loss' in name)
    assert total.isfinite()
    total.backward()
    without = [
        name for name, x in learning.items() if x.grad is None or not x.grad.any()
    ]
    assert [name for name in without if not NO_GRADIENT.search(name)] == []
    assert all(x.grad is not None for x in learning.values())

    model.eval()
    classes = config.model.cls_head.num_classes
    for size in (1, 3):
        data = model.data_preprocessor(batch(config, 'test', size))
        with torch.no_grad():
            samples = copy.deepcopy(data['data_samples'])
            once = model(**data, mode='predict')
            views = {
                name: torch.cat([x, x], dim=1) for name, x in data['inputs'].items()
            }
            twice = model(views, samples, mode='predict')
        assert len(once) == size
        for x, y in zip(once, twice):
            assert x.pred_score.shape == (classes,)
            assert x.pred_score.sum().item() == pytest.approx(1, abs=1e-4)
            torch.testing.assert_close(x.pred_score, y.pred_score, rtol=1e-3, atol=1e-5)


def test_the_pipelines_and_the_model_name_the_same_modalities(config):
    backbone = config.model.backbone
    names = tuple(backbone.get('modalities') or backbone.branches)
    assert tuple(config.model.data_preprocessor.preprocessors) == names
    for split in ('train', 'val', 'test'):
        dataset = config[f'{split}_dataloader'].dataset
        packed = dataset.pipeline[-1].get('only') or dataset.modalities
        assert tuple(packed) == names


def test_no_helper_variable_is_left_in_the_dump(config):
    assert [key for key in config if key.startswith('_')] == []
    assert 'modalities' not in config and 'name' not in config


def test_weights_of_an_earlier_stage_are_those_it_writes(config):
    """Its config has the folder's name, its last epoch the file's number."""
    branches = config.model.backbone.get('branches') or {}
    for name, branch in branches.items():
        path = (branch.get('init_cfg') or {}).get('checkpoint', '')
        if path.startswith('work_dirs/'):
            _, folder, file = path.split('/')
            [stage] = [x for x in FILES if x.stem == folder]
            earlier = Config.fromfile(stage)
            assert file == f'epoch_{earlier.train_cfg.max_epochs}.pth'
            assert branch.init_cfg.prefix == f'backbone.branches.{name}'
            part = earlier.model.backbone.branches[name]
            assert dict(part) == {k: x for k, x in branch.items() if k != 'init_cfg'}


def test_published_weights_are_checked(config):
    """Addresses by https; MMAction2's with the hash in the name."""
    text = str(config.model)
    for word in text.split("'"):
        if word.endswith('.pth') and not word.startswith('work_dirs/'):
            assert word.startswith('https://')
            if 'openmmlab' in word:
                assert word[-13] == '-' and int(word[-12:-4], 16)
