"""Shapes, weight sharing and saliency of the backbone."""

import pytest
import torch
from factory import (
    CHANNELS,
    FRAMES,
    MODALITIES,
    REGIONS,
    build,
    make_batch,
    model_config,
)


def backbone(seed=0, **kwargs):
    return build(model_config(**kwargs)['backbone'], seed).eval()


def clips(size=2, **kwargs):
    inputs, _ = make_batch(size, **kwargs)
    return {name: x[:, 0] for name, x in inputs.items()}


def parameters(model):
    return sum(x.numel() for x in model.parameters())


def test_shapes():
    for name, x in backbone()(clips(3)).items():
        assert name in MODALITIES
        assert x.cls_token.shape == (3, CHANNELS)
        assert x.patches.shape == (3, FRAMES, REGIONS, CHANNELS)
        assert x.saliency.shape == (3, FRAMES, REGIONS)
        assert x.present.tolist() == [True, True, True]


def test_shared_weights_in_one_batch_are_two_separate_calls():
    model, inputs = backbone(), clips()
    together = model(inputs)
    for name, x in inputs.items():
        alone = model.encoders['shared'](x)
        for part, expected in zip(together[name], alone):
            torch.testing.assert_close(part, expected, rtol=1e-6, atol=1e-6)


def test_separate_weights_are_twice_as_many():
    assert parameters(backbone(share_weights=False)) == 2 * parameters(backbone())


def test_separate_weights_are_used_by_their_own_modality():
    model, inputs = backbone(share_weights=False), clips()
    for name, x in model(inputs).items():
        expected = model.encoders[name](inputs[name])[0]
        torch.testing.assert_close(x.cls_token, expected)
    same = dict.fromkeys(MODALITIES, inputs[MODALITIES[0]])
    one, other = model(same).values()
    assert (one.cls_token - other.cls_token).abs().max() > 1e-3


def test_one_and_three_modalities():
    for names in (('a',), ('a', 'b', 'c')):
        found = backbone(modalities=names)(clips(modalities=names))
        assert tuple(found) == names


def test_saliency_is_a_share_of_the_attention():
    """Rows of the product sum to 1; the class token keeps its own part."""
    for x in backbone()(clips()).values():
        assert (x.saliency >= 0).all()
        assert (x.saliency.sum(dim=2) <= 1 + 1e-6).all()


def test_saliency_is_that_of_the_materialised_product():
    """Hooks read every layer's tokens; the maps are multiplied in full."""
    model, inputs = backbone(num_layers=3), clips()['visible']
    encoder, maps = model.encoders['shared'], []

    def keep(module, args, output):
        _, query, key = output
        logits = query.double() @ key.double().transpose(-2, -1)
        maps.append((logits / query.shape[-1] ** 0.5).softmax(dim=-1))

    for block in encoder.blocks:
        block.attn.register_forward_hook(keep)
    saliency = encoder(inputs)[2]
    product = maps[2] @ maps[1] @ maps[0]
    expected = product.mean(dim=1)[:, 0, 1:].unflatten(0, (2, FRAMES))
    torch.testing.assert_close(saliency.double(), expected, rtol=1e-5, atol=1e-7)


def test_without_saliency_the_features_are_the_same():
    with_, without = backbone(), backbone(with_saliency=False)
    inputs = clips()
    for one, other in zip(with_(inputs).values(), without(inputs).values()):
        assert other.saliency is None
        assert torch.equal(one.cls_token, other.cls_token)


@pytest.mark.parametrize('rate,same', [(0.0, True), (0.9, False)])
def test_stochastic_depth_acts_in_training_only(rate, same):
    model, inputs = backbone(drop_path_rate=rate), clips(8)
    tested = model(inputs)['visible'].cls_token
    torch.manual_seed(0)
    trained = model.train()(inputs)['visible'].cls_token
    assert torch.allclose(tested, trained, atol=1e-5) == same
