"""Video-FocalNet against its definition, its authors' code and layout."""

import copy
import re
from types import SimpleNamespace

import pytest
import torch
from factory import build, labels, perturb
from mmaction.registry import MODELS
from torch import nn

from mmbimodal.errors import InputError
from mmbimodal.models import VideoFocalNet
from mmbimodal.models.layers.focal_modulation import (
    SpatioTemporalFocalModulation,
    aggregate_context,
)

ARCH = dict(embed_dims=8, depths=(1, 2, 1))
SIZES = dict(arch=ARCH, num_frames=4)
OUT = 32
# The authors' code with a classifier of 400 classes, tubelets of 1.
OFFICIAL_PARAMETERS = dict(tiny=49553272, small=88735168, base=157389216)


def focalnet(seed=0, std=0.1, **kwargs):
    return build(dict(dict(SIZES, type='VideoFocalNet'), **kwargs), seed, std).eval()


def clips(batch=2, frames=4, side=32, seed=5):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(batch, 3, frames, side, side, generator=generator)


def official_shapes(
    embed_dims, depths, tubelet=(), temporal=True, classes=400, **kwargs
):
    """Names and shapes of a release by the rule of its authors.

    Without the temporal branch: FocalNet's, for images.
    """
    shapes = {}

    def parameter(name, *weight, bias=True):
        shapes[f'{name}.weight'] = weight
        if bias:
            shapes[f'{name}.bias'] = weight[:1]

    parameter('patch_embed.proj', embed_dims, 3, *tubelet, 4, 4)
    parameter('patch_embed.norm', embed_dims)
    for i, depth in enumerate(depths):
        dims = embed_dims * 2**i
        for j in range(depth):
            block = f'layers.{i}.blocks.{j}.'
            parameter(block + 'norm1', dims)
            parameter(block + 'norm2', dims)
            parameter(block + 'mlp.fc1', 4 * dims, dims)
            parameter(block + 'mlp.fc2', dims, 4 * dims)
            block += 'modulation.'
            parameter(block + 'f', 2 * dims + 3, dims)
            parameter(block + 'h', dims, dims, 1, 1)
            parameter(block + 'proj', dims, dims)
            for k, size in enumerate((3, 5)):
                parameter(f'{block}focal_layers.{k}.0', dims, 1, size, size, bias=False)
            if temporal:
                parameter(block + 'f_temporal', dims + 3, dims)
                parameter(block + 'h_temporal', dims, dims, 1)
                for k, size in enumerate((3, 5)):
                    parameter(
                        f'{block}focal_layers_temporal.{k}.0',
                        dims,
                        dims,
                        size,
                        bias=False,
                    )
        if i + 1 < len(depths):
            parameter(f'layers.{i}.downsample.proj', 2 * dims, dims, 2, 2)
            parameter(f'layers.{i}.downsample.norm', 2 * dims)
    parameter('norm', dims)
    parameter('head', classes, dims)
    return shapes


def official_weights(seed=0, **kwargs):
    generator = torch.Generator().manual_seed(seed)
    return {
        name: 0.2 * torch.randn(shape, generator=generator)
        for name, shape in official_shapes(**dict(ARCH, **kwargs)).items()
    }


def load(tmp_path, content, **kwargs):
    path = tmp_path / 'weights.pth'
    torch.save(content, path)
    return focalnet(
        seed=99,
        std=0.0,
        init_cfg=dict(type='Pretrained', checkpoint=str(path)),
        **kwargs,
    )


# -- The architecture ---------------------------------------------------------


@pytest.mark.parametrize('tubelet_size', [1, 2])
@pytest.mark.parametrize('arch', OFFICIAL_PARAMETERS)
def test_as_many_parameters_as_the_authors(arch, tubelet_size):
    with torch.device('meta'):
        model = VideoFocalNet(arch, tubelet_size=tubelet_size)
    found = sum(x.numel() for x in model.parameters())
    channels = model.norm.normalized_shape[0]
    # The second frame of a patch: 3 channels of 4×4 pixels more.
    stem = 48 * (tubelet_size - 1) * model.patch_embed.norm.weight.numel()
    assert found + 400 * channels + 400 == OFFICIAL_PARAMETERS[arch] + stem


def test_stochastic_depth_of_the_authors_training():
    for arch, rate in dict(tiny=0.2, small=0.3, base=0.5).items():
        with torch.device('meta'):
            model = VideoFocalNet(arch)
        rates = [
            block.drop_path.drop_prob
            for stage in model.layers
            for block in stage.blocks
        ]
        assert rates[0] == 0
        assert rates[-1] == pytest.approx(rate)
        steps = torch.tensor(rates).diff()
        torch.testing.assert_close(steps, steps[:1].expand(len(steps)))


def gelu(x):
    return x * (1 + torch.erf(x / 2**0.5)) / 2


def looped_context(context, gates, weights):
    """Levels at each position of one frame or one pixel's time line.

    ``context``: positions → C; ``weights``: per level, offset → matrix.
    """
    total = dict.fromkeys(context, 0)
    for level, taps in enumerate(weights):
        wider = {}
        for position in context:
            value = torch.zeros_like(context[position])
            for offset, matrix in taps.items():
                other = tuple(p + o for p, o in zip(position, offset))
                if other in context:  # zero beyond the border
                    value = value + matrix @ context[other]
            wider[position] = gelu(value)
        context = wider
        for position in total:
            total[position] = (
                total[position] + gates[position][level] * context[position]
            )
    everywhere = gelu(sum(context.values()) / len(context))
    return {
        position: value + gates[position][-1] * everywhere
        for position, value in total.items()
    }


def looped_modulation(layer, clip):
    """One clip T×H×W×C, position by position."""
    frames, rows, columns, channels = clip.shape
    depthwise, dense = [], []
    for conv, _ in layer.focal_layers:
        reach = conv.weight.shape[-1] // 2
        depthwise.append(
            {
                (i - reach, j - reach): conv.weight[:, 0, i, j].diag()
                for i in range(2 * reach + 1)
                for j in range(2 * reach + 1)
            }
        )
    for conv, _ in layer.focal_layers_temporal:
        reach = conv.weight.shape[-1] // 2
        dense.append({(i - reach,): conv.weight[:, :, i] for i in range(2 * reach + 1)})

    spatial, temporal = {}, {}
    query, context, gates = layer.f(clip).split((channels, channels, 3), -1)
    places = [(y, x) for y in range(rows) for x in range(columns)]
    for t in range(frames):
        found = looped_context(
            {p: context[t][p] for p in places},
            {p: gates[t][p] for p in places},
            depthwise,
        )
        spatial.update({(t, *p): value for p, value in found.items()})
    context, gates = layer.f_temporal(clip).split((channels, 3), -1)
    for p in places:
        found = looped_context(
            {(t,): context[(t, *p)] for t in range(frames)},
            {(t,): gates[(t, *p)] for t in range(frames)},
            dense,
        )
        temporal.update({(*t, *p): value for t, value in found.items()})
    out = torch.zeros_like(clip)
    for position in spatial:
        modulators = [
            conv.weight.reshape(channels, channels) @ aggregate[position] + conv.bias
            for conv, aggregate in ((layer.h, spatial), (layer.h_temporal, temporal))
        ]
        out[position] = layer.proj(query[position] * modulators[0] * modulators[1])
    return out


def test_modulation_is_the_loop_over_positions():
    """float64, batch of two clips of unequal sides."""
    torch.manual_seed(0)
    layer = perturb(SpatioTemporalFocalModulation(4), std=0.5).double()
    x = torch.randn(2, 3, 4, 5, 4).double()
    with torch.no_grad():
        found = layer(x)
        for clip, expected in zip(found, x):
            torch.testing.assert_close(clip, looped_modulation(layer, expected))


def test_context_by_hand():
    """Levels that double: gates 1, 10 and 100 of 2, 4 and GELU(mean 4)."""
    gates = torch.tensor([1.0, 10.0, 100.0]).view(1, 3, 1).expand(1, 3, 2)
    levels = nn.ModuleList(nn.Conv1d(1, 1, 1, bias=False) for _ in range(2))
    for level in levels:
        nn.init.constant_(level.weight, 2.0)
    found = aggregate_context(torch.ones(1, 1, 2), gates, levels)
    mean = gelu(torch.tensor(4.0))
    torch.testing.assert_close(found, (2 + 40 + 100 * mean).expand(1, 1, 2))


def test_mean_of_the_normalised_tokens():
    model, x = focalnet(), clips()
    kept = []
    model.norm.register_forward_hook(lambda *args: kept.append(args[2]))
    found = model(x)
    assert kept[0].shape == (2, 4, 2, 2, OUT)
    torch.testing.assert_close(found, kept[0].reshape(2, 16, OUT).mean(1))


def test_tubelets_of_equal_frames_are_the_frames(tmp_path):
    """A 2-D stem spread over two frames sees the same in a pair of equals."""
    weights = official_weights()
    single = load(tmp_path, weights)
    pairs = load(tmp_path, weights, num_frames=8, tubelet_size=2)
    x = clips()
    with torch.no_grad():
        torch.testing.assert_close(
            pairs(x.repeat_interleave(2, dim=2)), single(x), rtol=1e-4, atol=1e-5
        )


# -- The authors' code --------------------------------------------------------


@pytest.mark.parametrize('tubelet_size', [1, 2])
@pytest.mark.parametrize(
    'arch',
    [
        ARCH,
        dict(embed_dims=96, depths=(2, 2, 6, 2)),
    ],
    ids=['small', 'tiny'],
)
def test_same_features_as_the_authors_code(arch, tubelet_size):
    """float64: random modulators amplify rounding."""
    try:
        from classification import videofocalnet
    except (ImportError, RuntimeError) as error:
        pytest.skip(f'the repository Video-FocalNets is not there: {error}')
    levels = len(arch['depths'])
    official = (
        videofocalnet.VideoFocalNet(
            img_size=32,
            num_classes=0,
            embed_dim=arch['embed_dims'],
            depths=arch['depths'],
            focal_levels=[2] * levels,
            focal_windows=[3] * levels,
            num_frames=4,
            tubelet_size=tubelet_size,
        )
        .double()
        .eval()
    )
    model = focalnet(arch=arch, std=0.05, tubelet_size=tubelet_size).double()
    official.load_state_dict(model.state_dict())
    x = clips().double()
    with torch.no_grad():
        torch.testing.assert_close(
            model(x), official(x.transpose(1, 2)), rtol=1e-8, atol=1e-10
        )


# -- Published checkpoints ----------------------------------------------------


@pytest.mark.parametrize('tubelet_size', [1, 2])
@pytest.mark.parametrize('arch', OFFICIAL_PARAMETERS)
def test_names_and_shapes_of_the_authors_files(arch, tubelet_size):
    with torch.device('meta'):
        own = VideoFocalNet(arch, tubelet_size=tubelet_size).state_dict()
    expected = official_shapes(
        tubelet=(2,) if tubelet_size == 2 else (), **VideoFocalNet.arch_settings[arch]
    )
    del expected['head.weight'], expected['head.bias']
    assert {k: tuple(v.shape) for k, v in own.items()} == expected


@pytest.mark.parametrize('tubelet', [(), (2,)])
@pytest.mark.parametrize(
    'wrap',
    [
        lambda x: dict(model=x, epoch=119, max_accuracy=81.4),
        lambda x: dict(model_state=x),
        lambda x: x,
    ],
    ids=['model', 'model_state', 'bare'],
)
def test_the_authors_files_load_completely(tmp_path, wrap, tubelet):
    weights = official_weights(tubelet=tubelet)
    own = load(tmp_path, wrap(weights), tubelet_size=2 if tubelet else 1).state_dict()
    assert set(weights) == set(own) | {'head.weight', 'head.bias'}
    for name, tensor in own.items():
        assert torch.equal(tensor, weights[name]), name


@pytest.mark.parametrize('tubelet_size', [1, 2])
def test_an_image_model_leaves_the_temporal_branch_as_it_is(tmp_path, tubelet_size):
    weights = official_weights(temporal=False, classes=1000)
    model = load(tmp_path, dict(model=weights), tubelet_size=tubelet_size)
    untrained = focalnet(seed=99, std=0.0, tubelet_size=tubelet_size).state_dict()
    for name, tensor in model.state_dict().items():
        if 'temporal' in name:
            assert torch.equal(tensor, untrained[name]), name
        elif name == 'patch_embed.proj.weight' and tubelet_size == 2:
            assert torch.equal(tensor[:, :, 0], weights[name] / 2)
            assert torch.equal(tensor[:, :, 1], weights[name] / 2)
        else:
            assert torch.equal(tensor, weights[name]), name


@pytest.mark.parametrize(
    'content',
    [
        {},
        {'conv1.weight': torch.zeros(8, 3, 7, 7)},
        official_weights(embed_dims=12),
    ],
    ids=['empty', 'resnet', 'wider'],
)
def test_a_file_that_matches_nothing_is_an_error(tmp_path, content):
    path = re.escape(str(tmp_path / 'weights.pth'))
    with pytest.raises(InputError, match=path):
        load(tmp_path, content)


def test_what_was_not_loaded_is_logged(tmp_path, monkeypatch):
    lines = []
    logger = SimpleNamespace(info=lines.append)
    monkeypatch.setattr(
        'mmbimodal.models.weights.filling.MMLogger',
        SimpleNamespace(get_current_instance=lambda: logger),
    )
    load(tmp_path, official_weights(temporal=False))
    assert len(lines) == 1
    for name in ('f_temporal.weight', 'head.weight', 'weights.pth'):
        assert name in lines[0]


# -- Use ----------------------------------------------------------------------


@pytest.mark.parametrize('tubelet_size,frames', [(1, 4), (2, 8)])
def test_every_parameter_gets_a_gradient(tubelet_size, frames):
    model = focalnet(num_frames=frames, tubelet_size=tubelet_size).train()
    (model(clips(frames=frames)) * torch.randn(2, OUT)).sum().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
        assert parameter.grad.abs().max() > 1e-9, name


@pytest.mark.parametrize('tubelet_size', [1, 2])
def test_clips_do_not_mix(tubelet_size):
    model, x = focalnet(tubelet_size=tubelet_size), clips()
    with torch.no_grad():
        before = model(x)
        x[1] = clips(seed=6)[1]
        after = model(x)
    assert torch.equal(before[0], after[0])
    assert (before[1] - after[1]).abs().max() > 1e-3


def test_frames_of_a_clip_do():
    """The features depend on the frames' order."""
    model, x = focalnet(std=0.3), clips()
    with torch.no_grad():
        assert (model(x) - model(x.flip(2))).abs().max() > 1e-3


@pytest.mark.parametrize('frames', [2, 5, 8])
def test_another_number_of_frames_is_an_error(frames):
    """Not two clips of 2 frames taken for one of 4."""
    with pytest.raises(InputError, match=f'{frames} frames'):
        focalnet()(clips(frames=frames))


@pytest.mark.parametrize(
    'kwargs,word',
    [
        (dict(arch='large'), 'small'),
        (dict(num_frames=5, tubelet_size=2), 'num_frames 5'),
    ],
)
def test_sizes_that_do_not_fit_are_one_sentence(kwargs, word):
    with pytest.raises(InputError, match=word):
        focalnet(**kwargs)


def test_frames_below_one_last_token_are_an_error():
    with pytest.raises(InputError, match='at least 16x16'):
        focalnet()(clips(side=12))


def test_other_sizes():
    """Eight frames; a picture that is no square and no multiple of 16."""
    model = focalnet(num_frames=8)
    found = model(clips(1, 8, 56)[..., :40])
    assert found.shape == (1, OUT)
    assert found.isfinite().all()


def test_stochastic_depth_drops_frames_in_training_only():
    model, x = focalnet(drop_path_rate=0.9), clips(4)
    tested = model(x)
    assert torch.equal(tested, model(x))
    block = model.layers[2].blocks[0].train()
    tokens = torch.ones(2, 50, 1, 1, OUT)
    dropped = (block._drop_frames(tokens) == 0).flatten(2)
    assert torch.equal(dropped.any(2), dropped.all(2))
    assert 0.7 < dropped.float().mean() < 1


@pytest.mark.parametrize('tubelet_size', [1, 2])
def test_copies_after_a_training_step(tubelet_size):
    """Nothing of the graph is kept."""
    model = focalnet(tubelet_size=tubelet_size).train()
    loss = model(clips()).sum()
    copied = copy.deepcopy(model).eval()
    loss.backward()
    assert torch.equal(copied(clips()), model.eval()(clips()))


def test_bfloat16_autocast():
    model, x = focalnet(), clips()
    expected = model(x)
    with torch.autocast('cpu', dtype=torch.bfloat16):
        found = model(x)
    found.sum().backward()
    assert (found - expected).norm() / expected.norm() < 0.05
    assert all(p.grad.isfinite().all() for p in model.parameters())


def test_a_linear_head_of_mmaction2_follows():
    model = MODELS.build(
        dict(
            type='Recognizer3D',
            backbone=dict(SIZES, type='VideoFocalNet'),
            cls_head=dict(type='TimeSformerHead', num_classes=5, in_channels=OUT),
        )
    )
    model.init_weights()
    inputs = clips()[:, None]
    losses = model(inputs, labels(1, 3), mode='loss')
    assert losses['loss_cls'].isfinite()
    assert model.eval()(inputs, stage='head').shape == (2, 5)
