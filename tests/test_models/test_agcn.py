"""2s-AGCN: the graph convolution against loops in float64, and the whole network."""

import numpy as np
import pytest
import torch
from mmaction.registry import MODELS

from mmbimodal.datasets.skeleton import find_layout
from mmbimodal.models.layers import AdaptiveGraphConv

AMFI = dict(inflate_stages=(4, 7, 10), down_stages=(4, 7))
SMALL = dict(base_channels=8, num_stages=3, inflate_stages=(2,), down_stages=(3,))


def build(layout='nturgb+d', **arguments):
    graph_cfg = dict(layout=layout, mode='spatial')
    return MODELS.build(dict(type='AGCN', graph_cfg=graph_cfg, **arguments))


def randomize(module):
    """Every tensor counts: nothing is 0, 1 or 1e-6."""
    for tensor in (*module.parameters(), *module.buffers()):
        if tensor.is_floating_point():
            tensor.data.uniform_(0.2, 0.9)
    return module


def batch_norm(norm, x):
    """N×C×T×V in float64."""
    shape = (1, -1, 1, 1)
    mean, var, weight, bias = (
        getattr(norm, name).detach().double().numpy().reshape(shape)
        for name in ('running_mean', 'running_var', 'weight', 'bias')
    )
    return (x - mean) / np.sqrt(var + norm.eps) * weight + bias


def pointwise(weight, bias, x):
    """A 1×1 convolution in float64, one frame and joint at a time."""
    y = np.empty((len(x), len(weight), *x.shape[2:]))
    for index in np.ndindex(x.shape[2:]):
        y[(..., *index)] = x[(..., *index)] @ weight.T + bias
    return y


@pytest.mark.parametrize('channels', [4, 8])
def test_the_graph_convolution_is_the_equation(channels):
    torch.manual_seed(0)
    subsets, joints, out = 3, 5, 8
    layer = randomize(AdaptiveGraphConv(channels, out, torch.rand(3, 5, 5))).eval()
    x = torch.randn(2, channels, 6, joints)
    tensors = {k: v.detach().double().numpy() for k, v in layer.state_dict().items()}
    data = x.double().numpy()
    total = np.zeros((2, out, 6, joints))
    for k in range(subsets):
        part = slice(k * 2, k * 2 + 2)
        theta, phi = (
            pointwise(
                tensors[f'{name}.weight'][part, :, 0, 0],
                tensors[f'{name}.bias'][part],
                data,
            )
            for name in ('theta', 'phi')
        )
        for n in range(2):
            adaptive = np.empty((joints, joints))
            for w in range(joints):
                similarity = [
                    (theta[n, :, :, v] * phi[n, :, :, w]).sum() / (2 * 6)
                    for v in range(joints)
                ]
                adaptive[:, w] = np.exp(similarity) / np.exp(similarity).sum()
            adaptive += tensors['graph'][k] + tensors['offset'][k]
            gathered = np.einsum('ctv,vw->ctw', data[n], adaptive)
            rows = slice(k * out, (k + 1) * out)
            total[n] += pointwise(
                tensors['value.weight'][rows, :, 0, 0],
                tensors['value.bias'][rows],
                gathered[None],
            )[0]
    shortcut = data
    if channels != out:
        convolved = pointwise(
            tensors['shortcut.0.weight'][:, :, 0, 0], tensors['shortcut.0.bias'], data
        )
        shortcut = batch_norm(layer.shortcut[1], convolved)
    expected = np.maximum(batch_norm(layer.norm, total) + shortcut, 0)
    with torch.no_grad():
        np.testing.assert_allclose(layer(x), expected, rtol=1e-5, atol=1e-5)


def test_each_joint_gathers_with_weights_that_sum_to_one():
    torch.manual_seed(0)
    layer = AdaptiveGraphConv(4, 8, torch.zeros(3, 5, 5))
    with torch.no_grad():
        adjacency = layer.adjacency(torch.randn(2, 4, 6, 5))
        torch.testing.assert_close(
            (adjacency - layer.offset).sum(dim=-2), torch.ones(2, 3, 5)
        )


def test_the_graph_is_fixed_and_the_offset_learned():
    layer = build(**SMALL).blocks[0].space
    assert 'graph' in dict(layer.named_buffers())
    assert torch.equal(layer.offset, torch.full((3, 25, 25), 1e-6))


def test_parameters_of_amfi_net():
    """2s-AGCN's ten blocks, and nine with one of 512 as AMFI-Net has them."""
    assert sum(x.numel() for x in build().parameters()) == 3_454_090
    assert sum(x.numel() for x in build(**AMFI).parameters()) == 6_617_386


def test_it_starts_as_the_authors_code():
    """A block begins as its shortcut: the graph's part has a factor of 1e-6."""
    torch.manual_seed(0)
    model = build(**SMALL)
    model.init_weights()
    layer = model.blocks[1].space
    assert torch.equal(layer.norm.weight, torch.full((16,), 1e-6))
    assert not layer.theta.bias.any() and not layer.value.bias.any()
    # sqrt(2 / (C' · C · K)) and sqrt(2 / (C' · 1 · 1))
    assert layer.value.weight.std().item() == pytest.approx(
        (2 / (16 * 8 * 3)) ** 0.5, rel=0.15
    )
    assert layer.theta.weight.std().item() == pytest.approx((2 / 12) ** 0.5, rel=0.15)


@pytest.mark.parametrize('layout', ['nturgb+d', find_layout('kinect20').graph()])
def test_shapes_and_gradients(layout):
    torch.manual_seed(0)
    model = randomize(build(layout, num_person=1, in_channels=6, **SMALL))
    joints = 25 if layout == 'nturgb+d' else 20
    y = model(torch.randn(2, 1, 8, joints, 6))
    assert y.shape == (2, 1, 16, 4, joints)
    (y * torch.randn_like(y)).sum().backward()
    without = [n for n, x in model.named_parameters() if not x.grad.abs().any()]
    assert without == []


def test_persons_keep_their_place():
    torch.manual_seed(0)
    model = randomize(build(**SMALL)).eval()
    # the same normalisation for both persons, so that they can be swapped
    for tensor in model.input_norm.state_dict().values():
        if tensor.dim():
            tensor[75:] = tensor[:75]
    x = torch.randn(2, 2, 8, 25, 3)
    with torch.no_grad():
        torch.testing.assert_close(model(x).flip(1), model(x.flip(1)))
