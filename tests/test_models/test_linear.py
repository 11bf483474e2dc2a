"""The product that runs as a convolution is a linear layer."""

import os
import subprocess
import sys

import pytest
import torch
import torch.nn.functional as F

from mmbimodal.models.layers import linear as linear_module
from mmbimodal.models.layers.linear import MIN_ELEMENTS, Linear, linear

SIZES = pytest.mark.parametrize(
    'shape',
    [(MIN_ELEMENTS // 32, 32), (2, MIN_ELEMENTS // 64, 48), (3, 4, 32), (1, 32)],
)


@pytest.fixture
def everywhere(monkeypatch):
    """The convolution in training, too."""
    monkeypatch.setattr(linear_module, 'USE_ONEDNN', True)
    monkeypatch.setattr(linear_module, 'IN_TRAINING', True)


def arguments(shape, dtype=torch.float32):
    generator = torch.Generator().manual_seed(0)
    return [
        torch.randn(*size, generator=generator).to(dtype).requires_grad_()
        for size in (shape, (16, shape[-1]), (16,))
    ]


@SIZES
def test_values_and_gradients_in_float32(shape, everywhere):
    results = []
    for function in (F.linear, linear):
        tensors = arguments(shape)
        out = function(*tensors)
        out.square().mean().backward()
        results.append((out, [x.grad for x in tensors]))
    torch.testing.assert_close(*results, rtol=1e-5, atol=1e-5)


@SIZES
def test_strided_input(shape, everywhere):
    x, weight, bias = arguments(shape)
    x = torch.stack((x, x), dim=-1)[..., 0]
    assert not x.is_contiguous()
    torch.testing.assert_close(
        linear(x, weight, bias), F.linear(x, weight, bias), rtol=1e-5, atol=1e-5
    )


def test_other_types_are_those_of_pytorch(everywhere):
    """float64 and mixed precision."""
    tensors = arguments((MIN_ELEMENTS // 32, 32), torch.float64)
    assert torch.equal(linear(*tensors), F.linear(*tensors))
    tensors = arguments((MIN_ELEMENTS // 32, 32))
    with torch.autocast('cpu', dtype=torch.bfloat16):
        found = linear(*tensors)
        assert found.dtype == torch.bfloat16
        assert torch.equal(found, F.linear(*tensors))


def test_without_bias_and_as_a_layer(everywhere):
    layer = Linear(32, 8, bias=False)
    x = torch.randn(MIN_ELEMENTS // 32, 32)
    torch.testing.assert_close(layer(x), x @ layer.weight.T, rtol=1e-5, atol=1e-5)
    assert isinstance(layer, torch.nn.Linear)


def is_convolution(function, x, weight, bias):
    """Whether the trace of a call holds a convolution."""
    with torch.profiler.profile() as trace:
        function(x, weight, bias)
    return any('conv' in event.key for event in trace.key_averages())


@pytest.mark.parametrize('gradients', [False, True])
@pytest.mark.parametrize(
    'use, in_training', [(False, True), (True, False), (True, True)]
)
def test_where_the_convolution_computes(use, in_training, gradients, monkeypatch):
    """By default in predictions only; nowhere where it is off."""
    monkeypatch.setattr(linear_module, 'USE_ONEDNN', use)
    monkeypatch.setattr(linear_module, 'IN_TRAINING', in_training)
    tensors = arguments((MIN_ELEMENTS // 32, 32))
    with torch.set_grad_enabled(gradients):
        expected = use and (in_training or not gradients)
        assert is_convolution(linear, *tensors) == expected


@pytest.mark.parametrize(
    'value, expected', [('0', (False, False)), ('1', (True, True)), ('', (True, False))]
)
def test_the_environment_sets_the_switch(value, expected):
    code = (
        'import importlib.util as u; '
        f's = u.spec_from_file_location("m", {linear_module.__file__!r}); '
        'm = u.module_from_spec(s); s.loader.exec_module(m); '
        'print(m.USE_ONEDNN, m.IN_TRAINING)'
    )
    environment = dict(os.environ, MMBIMODAL_ONEDNN_LINEAR=value)
    found = subprocess.run(
        [sys.executable, '-c', code], env=environment, capture_output=True, text=True
    )
    use = expected[0] and torch.backends.mkldnn.is_available()
    assert found.stdout.split() == [str(use), str(expected[1])], found.stderr


@pytest.mark.parametrize('strict', [True, False])
def test_no_convolution_in_an_exported_graph(strict, everywhere):
    x = torch.randn(MIN_ELEMENTS // 32, 32)
    exported = torch.export.export(Linear(32, 8), (x,), strict=strict)
    targets = [str(node.target) for node in exported.graph.nodes]
    assert any('linear' in x for x in targets)
    assert not any('conv' in x for x in targets)


def test_no_convolution_in_compiled_and_traced_graphs(everywhere):
    layer, x = Linear(32, 8), torch.randn(MIN_ELEMENTS // 32, 32)
    graphs = []

    def keep(graph, inputs):
        graphs.append(graph.print_readable(print_output=False))
        return graph.forward

    torch.compile(layer, backend=keep, fullgraph=True)(x)
    graphs.append(str(torch.jit.trace(layer, x).inlined_graph))
    assert len(graphs) == 2 and not any('conv' in graph for graph in graphs)
