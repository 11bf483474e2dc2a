"""One graph for inference; memory for time in training."""

import shutil
import sys

import pytest
import torch
from factory import build, make_batch, model_config, total

from mmbimodal.models.layers import MLP, attention_product, timesformer_encoder

CASES = dict(
    gather=dict(),
    dense=dict(head=dict(path='dense')),
    keep_all=dict(neck=dict(type='KeepAll')),
    without_fusion=dict(head=dict(fusion=False)),
    separate_weights=dict(share_weights=False),
)
needs_compiler = pytest.mark.skipif(
    not any(map(shutil.which, ('g++', 'clang++', 'c++'))) or ' ' in torch.__file__,
    reason='inductor needs a C++ compiler, and a path to PyTorch that has no '
    'space: it does not quote it',
)


@pytest.fixture(autouse=True)
def fresh_compiler():
    torch._dynamo.reset()
    yield
    torch._dynamo.reset()


def assert_compiled_is_eager(config, backend):
    """Logits of the whole recognizer for one and four samples."""
    model = build(model_config(**config)).eval()
    compiled = torch.compile(model, fullgraph=True, backend=backend)
    for size, absent in ((1, ()), (4, ()), (4, (('thermal', 2),))):
        inputs, samples = make_batch(size, absent=absent)
        with torch.no_grad():
            expected = model(inputs, samples, stage='head')
            found = compiled(inputs, samples, stage='head')
        assert expected.shape[0] == size and expected.isfinite().all()
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize('case', CASES)
def test_no_graph_break(case):
    assert_compiled_is_eager(CASES[case], 'eager')


@pytest.mark.slow
@needs_compiler
def test_compiled_inference():
    assert_compiled_is_eager(dict(num_layers=1), 'inductor')


def gradients(**backbone):
    """Losses and gradients, stochastic depth included."""
    model = build(model_config(drop_path_rate=0.5, **backbone))
    inputs, samples = make_batch(3, absent=(('thermal', 1),))
    torch.manual_seed(1)
    losses = model.train()(inputs, samples, mode='loss')
    total(losses).backward()
    return losses, {name: p.grad for name, p in model.named_parameters()}


@pytest.mark.parametrize('share_weights', [True, False])
def test_activation_checkpointing_changes_nothing(share_weights):
    torch.testing.assert_close(
        gradients(with_cp=True, share_weights=share_weights),
        gradients(with_cp=False, share_weights=share_weights),
    )


def saved_bytes(with_cp):
    """Memory of the tensors that the backward pass waits for."""
    model = build(model_config(with_cp=with_cp, num_layers=4)).train()
    storages = {}

    def pack(tensor):
        storage = tensor.untyped_storage()
        storages[storage.data_ptr()] = storage.nbytes()
        return tensor

    weights = sum(p.nbytes for p in model.parameters())
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda x: x):
        losses = model(*make_batch(4), mode='loss')
    assert total(losses).requires_grad
    return sum(storages.values()) - weights


def test_activation_checkpointing_saves_memory():
    assert saved_bytes(True) < 0.6 * saved_bytes(False)


@pytest.mark.parametrize('autocast', [False, True])
def test_gelu_is_computed_again_with_the_same_gradients(autocast):
    results, saved = [], []
    for recompute in (False, True):
        torch.manual_seed(0)
        mlp, x = MLP(32, recompute_gelu=recompute), torch.randn(2, 600, 32)
        hidden = []
        mlp.act.register_forward_hook(
            lambda module, args, output: hidden.append(output.data_ptr())
        )
        with torch.autocast('cpu', torch.bfloat16, enabled=autocast):
            out = mlp(x.requires_grad_())
        out.float().square().mean().backward()
        saved.append(len(hidden))
        results.append([out, x.grad, *(p.grad for p in mlp.parameters())])
    assert saved == [1, 2]
    torch.testing.assert_close(*results, rtol=0, atol=0)


@pytest.mark.parametrize('chunk', [1, 3])
@pytest.mark.parametrize('config', [{}, dict(with_saliency=False)])
def test_chunks_of_clips_are_one_batch(chunk, config, monkeypatch):
    """What a CPU encodes at a time does not change the features."""
    model = build(model_config(**config)['backbone']).eval()
    inputs = {name: x[:, 0] for name, x in make_batch(3)[0].items()}
    sizes = []
    model.encoders['shared'].blocks[0].register_forward_hook(
        lambda module, args, output: sizes.append(len(args[0]))
    )
    with torch.no_grad():
        whole = model(inputs)
        per_clip = 4 * 16 * 4 * 24  # frames, regions, hidden channels
        monkeypatch.setattr(timesformer_encoder, 'CHUNK_ELEMENTS', chunk * per_clip)
        parts = model(inputs)
    assert sizes[0] == 6 and set(sizes[1:]) == {chunk}
    for name, tokens in whole.items():
        for expected, found in zip(tokens, parts[name]):
            torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize('mix_identity', [True, False])
def test_chunks_of_frames_are_one_batch(mix_identity, monkeypatch):
    queries_keys = torch.randn(3, 2, 5, 2, 7, 4)  # L×2×B×H×N×d
    whole = attention_product(queries_keys, mix_identity)
    module = sys.modules[attention_product.__module__]
    monkeypatch.setattr(module, 'CHUNK_ELEMENTS', 2 * 2 * 7 * 7)
    assert whole.shape == (5, 6)
    torch.testing.assert_close(attention_product(queries_keys, mix_identity), whole)
