"""Cost of the published sizes, and how it is counted."""

from pathlib import Path

import pytest
import torch
from factory import CHANNELS, FRAMES, REGIONS, build, make_batch, model_config
from mmengine.config import Config

from mmbimodal.apis import complexity

CONFIGS = Path(__file__).resolve().parents[2] / 'configs'
STAF, BASELINE = 'staf_infar.py', 'baselines/timesformer_infar.py'


def read(name, **options):
    config = Config.fromfile(str(CONFIGS / name))
    config.merge_from_dict(options)
    return config


def cost(name, stage='head', **options):
    """Giga multiply-adds and million parameters; computes the model once."""
    found = complexity.get_complexity(read(name, **options), stage)
    return found['flops'] / 1e9, found['params'] / 1e6


def test_two_branch_timesformer():
    """Table 1: 327 G and 101 M."""
    flops, params = cost(BASELINE, 'backbone')
    assert (round(flops, 2), round(params, 2)) == (327.07, 101.17)


def test_staf_gather():
    """Table 1: 109 M."""
    flops, params = cost(STAF)
    assert abs(params - 108.6) <= 0.2
    assert 327 < flops <= 341


def test_staf_dense():
    """Table 1: 360 G and 109 M."""
    flops, params = cost(STAF, **{'model.cls_head.path': 'dense'})
    assert abs(params - 108.6) <= 0.2
    assert 341 < flops <= 380


@pytest.fixture
def small(monkeypatch):
    """``get_complexity`` of this folder's small model, on one sample."""

    def count(config, stage='head'):
        inputs, _ = make_batch(1)
        monkeypatch.setattr(complexity, 'example_inputs', lambda _: inputs)
        return complexity.get_complexity(
            Config(dict(default_scope='mmaction', model=config)), stage
        )

    return count


def timesformer_flops(channels, regions, frames, layers, patch):
    """Multiply-adds of one clip, by hand."""
    tokens = frames * regions
    spatial = frames * (1 + regions)
    layer = (
        # over time: projections, two products, temporal_fc
        tokens * channels * 5 * channels
        + 2 * tokens * frames * channels
        # over space
        + spatial * channels * 4 * channels
        + 2 * spatial * (1 + regions) * channels
        # MLP
        + (1 + tokens) * 8 * channels * channels
    )
    return tokens * channels * 3 * patch**2 + layers * layer


def norms_flops(channels, regions, frames, layers):
    """mmengine counts 5 per element of a LayerNorm with weights."""
    tokens = frames * regions
    elements = layers * (tokens + frames * (1 + regions) + 1 + tokens) + 1 + tokens
    return 5 * elements * channels


def test_attention_kernel_is_counted_like_its_matrix_products(small):
    """The analytic count of the backbone, to the last multiply-add."""
    config = model_config(
        with_saliency=False,
        neck=dict(type='FeatureSum'),
        head=dict(type='TimeSformerHead', num_classes=5, in_channels=24),
    )
    found = small(config, 'backbone')['flops']
    sizes = (CHANNELS, REGIONS, FRAMES, 2)
    expected = 2 * (timesformer_flops(*sizes, patch=4) + norms_flops(*sizes))
    assert found == expected


def test_attention_kernel_on_its_own():
    """Queries B×H×Q×d, keys B×H×K×d: 2·B·H·Q·K·d."""

    class Model(torch.nn.Module):
        def forward(self, query, key):
            return torch.nn.functional.scaled_dot_product_attention(query, key, key)

    analyzer = complexity.FlopAnalyzer(
        Model(), (torch.randn(2, 3, 5, 4), torch.randn(2, 3, 7, 4))
    )
    assert analyzer.unsupported_ops_warnings(False).total() == 0
    analyzer = complexity.FlopAnalyzer(
        Model(), (torch.randn(2, 3, 5, 4), torch.randn(2, 3, 7, 4))
    )
    analyzer.set_op_handle(
        'aten::scaled_dot_product_attention', complexity._attention_flops
    )
    assert analyzer.total() == 2 * 2 * 3 * 5 * 7 * 4


def test_gather_costs_less_than_dense(small):
    gather, dense = (
        small(model_config(head=dict(path=path))) for path in ('gather', 'dense')
    )
    assert gather['flops'] < dense['flops']
    assert gather['params'] == dense['params']


def test_parameters_are_those_of_the_model(small):
    config = model_config()
    model = build(config)
    for stage, counted in (('head', model), ('backbone', model.backbone)):
        expected = sum(x.numel() for x in counted.parameters())
        assert small(config, stage)['params'] == expected


def test_a_skeleton_is_an_input_like_another_one():
    """The cost of both branches is that of each, and of the classifiers."""
    names = ('r3d', 'agcn', 'r3d_agcn')
    rgb, skeleton, both = (
        cost(f'skeleton/{name}_synth.py', 'backbone') for name in names
    )
    assert both == pytest.approx([a + b for a, b in zip(rgb, skeleton)], rel=1e-6)
    assert skeleton[0] > 0.005


@pytest.mark.parametrize(
    'oracle, model',
    [
        ('oracle_selection', 'staf_synth.py'),
        ('oracle_frames', 'baselines/timesformer_synth.py'),
    ],
)
def test_a_model_that_is_told_the_truth_costs_as_much_as_without(oracle, model):
    """No truth file is needed to count."""
    assert cost(f'experiments/{oracle}_synth.py') == cost(model)
