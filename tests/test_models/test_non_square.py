"""Frames that are wider than high, or higher than wide."""

import pytest
import torch
from factory import (
    CHANNELS,
    CLASSES,
    FRAMES,
    MODALITIES,
    PATCH,
    build,
    model_config,
    total,
)
from factory import labels as label_samples
from mmaction.registry import MODELS

from mmbimodal.errors import InputError
from mmbimodal.models.weights import resize_embeddings, resize_grid

HEIGHT, WIDTH = 12, 20  # 3×5 regions
SIZES = pytest.mark.parametrize('size', [(HEIGHT, WIDTH), (WIDTH, HEIGHT)])


def clips(size, batch=2, views=1):
    generator = torch.Generator().manual_seed(0)
    return {
        name: torch.randn(batch, views, 3, FRAMES, *size, generator=generator)
        for name in MODALITIES
    }


@SIZES
@pytest.mark.parametrize('path', ['gather', 'dense'])
def test_training_and_prediction(size, path):
    model = build(model_config(img_size=size, head=dict(path=path)))
    losses = model.train()(clips(size), label_samples(0, 1), mode='loss')
    total(losses).backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad.isfinite().all(), name
    predictions = model.eval()(clips(size), label_samples(0, 1), mode='predict')
    assert all(x.pred_score.shape == (CLASSES,) for x in predictions)


def test_regions_run_row_by_row():
    """Only the region in row 1, column 4 of 3×5 sees a change there."""
    encoder = build(model_config(img_size=(HEIGHT, WIDTH))['backbone']).encoders.shared
    frames = clips((HEIGHT, WIDTH))['visible'][:, 0, :, 0]
    changed = frames.clone()
    changed[:, :, PATCH : 2 * PATCH, 4 * PATCH :] += 1
    before, after = (encoder.patch_embed(x).flatten(2) for x in (frames, changed))
    assert (before != after).any(dim=1)[0].nonzero().flatten().tolist() == [1 * 5 + 4]


def test_the_other_orientation_is_an_error():
    model = build(model_config(img_size=(HEIGHT, WIDTH)))
    with pytest.raises(InputError, match='20x12 pixels.*of 12x20'):
        model(clips((WIDTH, HEIGHT)))


def test_weights_of_a_square_model_are_interpolated():
    """A gradient along x, the same in all rows, stays one."""
    column = torch.arange(4.0).repeat(4)[None, :, None]
    weights = dict(pos_embed=torch.cat((torch.full((1, 1, 1), 7.0), column), dim=1))
    resized = resize_embeddings(weights, (3, 5), FRAMES)['pos_embed'][0, :, 0]
    assert resized[0] == 7
    grid = resized[1:].view(3, 5)
    torch.testing.assert_close(grid, grid[:1].expand(3, 5))
    assert (grid[0].diff() > 0).all()


def test_weights_of_a_non_square_model_of_another_size_are_an_error():
    with pytest.raises(InputError, match='15 regions.*resized to 4x4'):
        resize_grid(torch.zeros(1, 15, 1), (4, 4))


@SIZES
def test_checkpoint_of_a_square_model_fills_a_non_square_one(size, tmp_path):
    source = build(model_config()['backbone'])
    path = tmp_path / 'square.pth'
    torch.save(dict(state_dict=source.state_dict()), path)
    config = model_config(img_size=size)['backbone']
    config['init_cfg'] = dict(type='Pretrained', checkpoint=str(path))
    model = MODELS.build(config)
    model.init_weights()
    found, expected = (x.encoders.shared for x in (model, source))
    assert found.pos_embed.shape == (1, 16, CHANNELS)
    assert torch.equal(
        found.blocks[1].mlp.fc1.weight, expected.blocks[1].mlp.fc1.weight
    )
    assert torch.equal(found.pos_embed[:, 0], expected.pos_embed[:, 0])


@pytest.mark.parametrize('size', [(32, 64), (64, 32)])
def test_hiera(size):
    arch = dict(embed_dims=8, num_heads=1, depths=(1, 1, 1, 1))
    model = MODELS.build(
        dict(type='Hiera', arch=arch, num_frames=4, img_size=size)
    ).eval()
    model.init_weights()
    assert model(torch.randn(2, 3, 4, *size)).shape == (2, 64)
    with pytest.raises(InputError, match=f'of {size[0]}x{size[1]}'):
        model(torch.randn(2, 3, 4, *size[::-1]))


@pytest.mark.parametrize('size', [(32, 64), (48, 32)])
def test_video_focalnet(size):
    arch = dict(embed_dims=8, depths=(1, 1, 1, 1))
    model = MODELS.build(dict(type='VideoFocalNet', arch=arch, num_frames=2)).eval()
    assert model(torch.randn(2, 3, 2, *size)).shape == (2, 64)
