from pathlib import Path

import numpy as np
import torch
from mmaction.registry import MODELS
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from torch import nn

from mmbimodal.apis import build_test_set, extract_features

ROOT = Path(__file__).resolve().parents[2]


def model_of(config):
    torch.manual_seed(0)
    model = MODELS.build(config.model).eval()
    model.init_weights()
    return model


def batches(config):
    dataset = build_test_set(config)
    samples = [dataset[i] for i in range(5)]
    return [pseudo_collate(samples[:3]), pseudo_collate(samples[3:])]


@torch.no_grad()
def predict(model, data):
    return torch.cat(
        [model(model.data_preprocessor(x)['inputs'], stage='head') for x in data]
    )


def test_of_staf(tiny_config):
    model, data = model_of(tiny_config), batches(tiny_config)
    found = extract_features(model, data, ['a', 'b'])
    assert list(found.spaces) == ['rgb branch', 'ir branch', 'fusion']
    assert found.labels.tolist() == [
        int(x.gt_label) for batch in data for x in batch['data_samples']
    ]
    # What the classifier makes of the fusion's features, are the logits.
    logits = model.cls_head.fc_cls(torch.from_numpy(found.spaces['fusion']))
    torch.testing.assert_close(logits, predict(model, data))
    with torch.no_grad():
        each = model(model.data_preprocessor(data[1])['inputs'], stage='backbone')
    for name, tokens in each.items():
        assert np.allclose(
            found.spaces[f'{name} branch'][3:], tokens.cls_token, atol=1e-6
        )


def test_nothing_stays_on_the_model(tiny_config):
    model = model_of(tiny_config)
    extract_features(model, batches(tiny_config), ['a'])
    assert not model.backbone._forward_hooks
    assert not model.cls_head.fc_cls._forward_pre_hooks


def test_a_missing_branch_is_nan(tiny_config):
    model, data = model_of(tiny_config), batches(tiny_config)
    data[0]['inputs']['ir'][1] = torch.empty(0)
    sample = data[0]['data_samples'][1]
    sample.set_metainfo(dict(modalities=dict(rgb=sample.modalities['rgb'])))
    spaces = extract_features(model, data, ['a']).spaces
    assert np.isnan(spaces['ir branch']).all(axis=1).tolist() == [
        False,
        True,
        False,
        False,
        False,
    ]
    assert np.isfinite(spaces['rgb branch']).all()
    assert np.isfinite(spaces['fusion']).all()


def test_of_images(pairs):
    """Segments are images to the backbone: the sample's are averaged."""
    config = Config.fromfile(ROOT / 'configs/baselines/tsm_synth.py')
    config.test_dataloader.dataset.data_root = str(pairs)
    model, data = model_of(config), batches(config)
    found = extract_features(model, data, ['a'])
    assert {k: x.shape for k, x in found.spaces.items()} == {
        'rgb branch': (5, 512),
        'ir branch': (5, 512),
        'fusion': (5, 512),
    }
    # Features were added, and the head averages over time and space.
    assert np.allclose(
        found.spaces['rgb branch'] + found.spaces['ir branch'],
        found.spaces['fusion'],
        rtol=1e-4,
        atol=1e-4,
    )
    logits = model.cls_head.fc_cls(torch.from_numpy(found.spaces['fusion']))
    torch.testing.assert_close(logits, predict(model, data), rtol=1e-4, atol=1e-4)


class ScoreHead(nn.Module):
    """A classifier for each branch."""

    def __init__(self):
        super().__init__()
        self.fc_cls = nn.ModuleDict(dict(rgb=nn.Linear(16, 3), ir=nn.Linear(16, 3)))

    def forward(self, feats, **kwargs):
        return sum(self.fc_cls[name](x.cls_token) for name, x in feats.items())


def test_of_a_fusion_of_scores(tiny_config):
    model, data = model_of(tiny_config), batches(tiny_config)
    del model.neck
    model.cls_head = ScoreHead()
    found = extract_features(model, data, ['a'])
    assert list(found.spaces)[-1] == 'fused scores'
    assert np.allclose(found.spaces['fused scores'], predict(model, data), atol=1e-6)


def test_views_are_averaged(tiny_config):
    views = 2
    sampler = tiny_config.test_dataloader.dataset.pipeline[1].transforms[0]
    sampler.num_clips = views
    model, data = model_of(tiny_config), batches(tiny_config)
    found = extract_features(model, data, ['a'])
    assert len(found.spaces['fusion']) == 5
    logits = model.cls_head.fc_cls(torch.from_numpy(found.spaces['fusion']))
    each = predict(model, data).view(5, views, -1)
    assert (each[:, 0] - each[:, 1]).abs().max() > 1e-6
    torch.testing.assert_close(logits, each.mean(dim=1), rtol=1e-4, atol=1e-5)
