"""``torch.export`` with a free batch size: one graph for every batch."""

import pytest
import torch
from factory import CHANNELS, CLASSES, MODALITIES, build, make_batch, model_config
from torch import nn

CASES = dict(
    gather=dict(),
    dense=dict(head=dict(path='dense')),
    key_frames_only=dict(head=dict(key_frames_only=True)),
    keep_all=dict(neck=dict(type='KeepAll')),
    without_fusion=dict(head=dict(fusion=False)),
    separate_weights=dict(share_weights=False),
    feature_addition=dict(
        neck=dict(type='FeatureSum'),
        head=dict(type='TimeSformerHead', num_classes=CLASSES, in_channels=CHANNELS),
    ),
    scores=dict(
        neck=dict(type='FeatureSum'),
        head=dict(
            type='ScoreAverageHead',
            num_classes=CLASSES,
            in_channels=CHANNELS,
            modalities=MODALITIES,
        ),
    ),
)


class Scores(nn.Module):
    """The recognizer from clips B×3×T×H×W to scores B×K."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, clips):
        inputs = {name: x[:, None] for name, x in clips.items()}
        return self.model(inputs, stage='head')


def clips(size, seed=0):
    return {k: x[:, 0] for k, x in make_batch(size, seed=seed)[0].items()}


def module_of(case):
    config = model_config(**CASES[case])
    if case == 'scores':
        del config['neck']
    return Scores(build(config)).eval()


def export(module, strict=False):
    batch = torch.export.Dim('batch', min=1, max=64)
    shapes = {name: {0: batch} for name in MODALITIES}
    with torch.no_grad():
        return torch.export.export(
            module, (clips(2),), dynamic_shapes=(shapes,), strict=strict
        )


@pytest.mark.parametrize('case', CASES)
def test_an_exported_model_takes_any_batch(case):
    module = module_of(case)
    exported = export(module).module()
    for size in (1, 2, 5):
        with torch.no_grad():
            expected = module(clips(size, seed=size))
            found = exported(clips(size, seed=size))
        assert found.shape == (size, CLASSES)
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize('case', ['gather', 'dense'])
def test_the_graph_has_operators_of_onnx_and_waits_for_no_value(case):
    """No stable sort, no value that the host reads, no convolution but one."""
    graph = export(module_of(case)).graph
    names = [str(node.target) for node in graph.nodes if node.op == 'call_function']
    assert any('topk' in x for x in names)
    for unwanted in ('sort.stable', '_local_scalar_dense', 'aten.item', 'nonzero'):
        assert not any(unwanted in x for x in names), unwanted
    # the patch embedding
    assert sum('conv' in x for x in names) == 1
