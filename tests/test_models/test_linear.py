"""The product that runs as a convolution is a linear layer."""

import pytest
import torch
import torch.nn.functional as F

from mmbimodal.models.layers.linear import MIN_ELEMENTS, Linear, linear

SIZES = pytest.mark.parametrize(
    'shape',
    [(MIN_ELEMENTS // 32, 32), (2, MIN_ELEMENTS // 64, 48), (3, 4, 32), (1, 32)],
)


def arguments(shape, dtype=torch.float32):
    generator = torch.Generator().manual_seed(0)
    return [
        torch.randn(*size, generator=generator).to(dtype).requires_grad_()
        for size in (shape, (16, shape[-1]), (16,))
    ]


@SIZES
def test_values_and_gradients_in_float32(shape):
    results = []
    for function in (F.linear, linear):
        tensors = arguments(shape)
        out = function(*tensors)
        out.square().mean().backward()
        results.append((out, [x.grad for x in tensors]))
    torch.testing.assert_close(*results, rtol=1e-5, atol=1e-5)


@SIZES
def test_strided_input(shape):
    x, weight, bias = arguments(shape)
    x = torch.stack((x, x), dim=-1)[..., 0]
    assert not x.is_contiguous()
    torch.testing.assert_close(
        linear(x, weight, bias), F.linear(x, weight, bias), rtol=1e-5, atol=1e-5
    )


def test_other_types_are_those_of_pytorch():
    """float64 and mixed precision."""
    tensors = arguments((MIN_ELEMENTS // 32, 32), torch.float64)
    assert torch.equal(linear(*tensors), F.linear(*tensors))
    tensors = arguments((MIN_ELEMENTS // 32, 32))
    with torch.autocast('cpu', dtype=torch.bfloat16):
        found = linear(*tensors)
        assert found.dtype == torch.bfloat16
        assert torch.equal(found, F.linear(*tensors))


def test_without_bias_and_as_a_layer():
    layer = Linear(32, 8, bias=False)
    x = torch.randn(MIN_ELEMENTS // 32, 32)
    torch.testing.assert_close(layer(x), x @ layer.weight.T, rtol=1e-5, atol=1e-5)
    assert isinstance(layer, torch.nn.Linear)
