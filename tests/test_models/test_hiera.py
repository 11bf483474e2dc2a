"""Hiera against its definition, its authors' code and their layout."""

import copy
import re
from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F
from factory import build, labels
from mmaction.registry import MODELS
from torch import nn

from mmbimodal.errors import InputError
from mmbimodal.models import Hiera
from mmbimodal.models.layers.mask_unit_attention import MaskUnitAttention, to_mask_units

ARCH = dict(embed_dims=8, num_heads=2, depths=(1, 2, 2, 1))
SIZES = dict(arch=ARCH, num_frames=4, img_size=64)
OUT = 64
# The authors' code, 16 frames of 224 pixels, with a classifier of 12 classes.
OFFICIAL_PARAMETERS = dict(
    tiny=27179436, small=34277292, base=50794188, base_plus=69044204, large=212644236
)


def hiera(seed=0, std=0.1, **kwargs):
    return build(dict(dict(SIZES, type='Hiera'), **kwargs), seed, std).eval()


def clips(batch=2, frames=4, side=64, seed=5):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(batch, 3, frames, side, side, generator=generator)


def official_shapes(embed_dims, num_heads, depths, slots=8, side=56, classes=400):
    """Names and shapes of a ``*_16x224.pth`` by the rule of its authors."""
    shapes = {
        'pos_embed_spatial': (1, side * side, embed_dims),
        'pos_embed_temporal': (1, slots, embed_dims),
        'patch_embed.proj.weight': (embed_dims, 3, 3, 7, 7),
        'patch_embed.proj.bias': (embed_dims,),
    }
    stages = [stage for stage, depth in enumerate(depths) for _ in range(depth)]
    for i, stage in enumerate(stages):
        dims = embed_dims * 2**stage
        before = embed_dims * 2 ** stages[max(i - 1, 0)]
        linear = dict(
            qkv=('attn.qkv', 3 * dims, before),
            proj=('attn.proj', dims, dims),
            fc1=('mlp.fc1', 4 * dims, dims),
            fc2=('mlp.fc2', dims, 4 * dims),
        )
        if before != dims:
            linear['shortcut'] = ('proj', dims, before)
        for name, rows, columns in linear.values():
            shapes[f'blocks.{i}.{name}.weight'] = (rows, columns)
            shapes[f'blocks.{i}.{name}.bias'] = (rows,)
        for name, size in (('norm1', before), ('norm2', dims)):
            shapes[f'blocks.{i}.{name}.weight'] = (size,)
            shapes[f'blocks.{i}.{name}.bias'] = (size,)
    shapes['norm.weight'] = shapes['norm.bias'] = (dims,)
    shapes['head.projection.weight'] = (classes, dims)
    shapes['head.projection.bias'] = (classes,)
    return shapes


def official_weights(seed=0, **kwargs):
    generator = torch.Generator().manual_seed(seed)
    return {
        name: 0.2 * torch.randn(shape, generator=generator)
        for name, shape in official_shapes(**kwargs).items()
    }


def without_classifier(names):
    return {k: v for k, v in names.items() if not k.startswith('head.')}


def load(tmp_path, content, **kwargs):
    path = tmp_path / 'weights.pth'
    torch.save(content, path)
    return hiera(
        seed=99,
        std=0.0,
        init_cfg=dict(type='Pretrained', checkpoint=str(path)),
        **kwargs,
    )


# -- The architecture ---------------------------------------------------------


@pytest.mark.parametrize('arch', OFFICIAL_PARAMETERS)
def test_as_many_parameters_as_the_authors(arch):
    with torch.device('meta'):
        model = Hiera(arch)
    channels = model.norm.normalized_shape[0]
    found = sum(x.numel() for x in model.parameters())
    assert found + 12 * channels + 12 == OFFICIAL_PARAMETERS[arch]


def test_tokens_of_a_unit_are_ordered_by_squares_of_squares():
    # 8×8 tokens in 4 units of 4×4
    grid = torch.arange(64).view(1, 1, 8, 8, 1)
    units = to_mask_units(grid, 4, 2)[0, :, :, 0]
    first = [0, 1, 8, 9, 2, 3, 10, 11, 16, 17, 24, 25, 18, 19, 26, 27]
    assert units[0].tolist() == first
    assert units[1].tolist() == [x + 4 for x in first]
    assert units[2].tolist() == [x + 32 for x in first]


def test_a_unit_may_be_larger_than_what_is_pooled():
    # 4×4 tokens in one unit, pooled once: rows of 2×2 squares
    units = to_mask_units(torch.arange(16).view(1, 1, 4, 4, 1), 4, 1)
    assert units[0, 0, :, 0].tolist() == [
        0,
        1,
        4,
        5,
        2,
        3,
        6,
        7,
        8,
        9,
        12,
        13,
        10,
        11,
        14,
        15,
    ]


def test_time_slots_are_units_of_their_own():
    slots = torch.arange(3.0).view(1, 3, 1, 1, 1).expand(2, 3, 8, 16, 5)
    units = to_mask_units(slots, 8, 3)
    assert units.shape == (2, 6, 64, 5)
    assert units[1, :, 7, 2].tolist() == [0, 0, 1, 1, 2, 2]


@pytest.mark.parametrize('stride', [1, 4])
@pytest.mark.parametrize('within_units', [True, False])
def test_attention_is_the_loop_over_queries(stride, within_units):
    """float64, one query and one head at a time."""
    torch.manual_seed(0)
    layer = MaskUnitAttention(6, 8, 2, stride, within_units).double()
    x = torch.randn(2, 3, 16, 6).double()
    found = layer(x)
    assert found.shape == (2, 3, 16 // stride, 8)
    for b in range(2):
        for u in range(3):
            for m in range(16 // stride):
                peers = x[b, u] if within_units else x[b].reshape(-1, 6)
                own = x[b, u, m * stride : (m + 1) * stride]
                heads = []
                for h in range(2):
                    query, key, value = (
                        tokens @ layer.qkv.weight[8 * i + 4 * h :][:4].T
                        + layer.qkv.bias[8 * i + 4 * h :][:4]
                        for i, tokens in enumerate((own, peers, peers))
                    )
                    logits = key @ query.max(dim=0).values / 2
                    heads.append(logits.softmax(dim=0) @ value)
                expected = layer.proj.weight @ torch.cat(heads) + layer.proj.bias
                torch.testing.assert_close(found[b, u, m], expected)


def grid_attention(layer, grid, side):
    """Attention in windows of ``side`` tokens of one slot; None: global."""
    batch, slots, rows, columns, _ = grid.shape
    query, key, value = layer.qkv(grid).chunk(3, dim=-1)
    if layer.stride > 1:
        query = grid_pool(query)
    scale = query.shape[2] / rows
    out = torch.zeros_like(query)
    windows = [(slice(None), slice(None), slice(None))]
    if side:
        windows = [
            (t, slice(y, y + side), slice(x, x + side))
            for t in range(slots)
            for y in range(0, rows, side)
            for x in range(0, columns, side)
        ]
    for t, y, x in windows:
        to = (
            t,
            *(
                slice(int(s.start * scale), int(s.stop * scale)) if side else s
                for s in (y, x)
            ),
        )
        for b in range(batch):
            q, k, v = (
                z[b][i].reshape(-1, layer.num_heads, z.shape[-1] // layer.num_heads)
                for z, i in ((query, to), (key, (t, y, x)), (value, (t, y, x)))
            )
            logits = torch.einsum('ihd,jhd->hij', q, k) / q.shape[-1] ** 0.5
            mixed = torch.einsum('hij,jhd->ihd', logits.softmax(-1), v)
            out[b][to] = mixed.reshape(out[b][to].shape)
    return layer.proj(out)


def grid_pool(x):
    """2×2 max-pooling of B×T×H×W×C by torch's own."""
    pooled = F.max_pool2d(x.flatten(0, 1).permute(0, 3, 1, 2), 2)
    return pooled.permute(0, 2, 3, 1).unflatten(0, x.shape[:2])


def test_the_model_is_the_one_on_plain_grids():
    """Windows are cut out of the picture; no reordering of tokens.

    Units of 8 tokens, pooled to 4 and 2. The block that pools into the third
    stage is still local: attention lags by one block.
    """
    model, x = hiera().double(), clips().double()
    steps = [(8, False), (8, True), (4, False), (4, True), (None, False), (None, True)]
    with torch.no_grad():
        grid = model.patch_embed.proj(x).permute(0, 2, 3, 4, 1)
        grid = (
            grid
            + model.pos_embed_spatial.view(1, 1, 16, 16, 8)
            + model.pos_embed_temporal.view(1, 2, 1, 1, 8)
        )
        for block, (side, pool) in zip(model.blocks, steps):
            normed = block.norm1(grid)
            if pool:
                grid = grid_pool(block.proj(normed))
            grid = grid + grid_attention(block.attn, normed, side)
            grid = grid + block.mlp(block.norm2(grid))
        assert grid.shape == (2, 2, 2, 2, OUT)
        expected = model.norm(grid.mean(dim=(1, 2, 3)))
        torch.testing.assert_close(model(x), expected)


# -- The authors' code --------------------------------------------------------


@pytest.mark.parametrize(
    'arch',
    [
        ARCH,
        dict(embed_dims=96, num_heads=1, depths=(1, 2, 7, 2)),
    ],
    ids=['small', 'tiny'],
)
def test_same_features_as_the_authors_code(arch):
    try:
        from hiera import Hiera as Official
    except (ImportError, RuntimeError) as error:
        pytest.skip(f'the package hiera-transformer is not usable: {error}')
    torch.manual_seed(0)
    official = Official(
        input_size=(4, 64, 64),
        embed_dim=arch['embed_dims'],
        num_heads=arch['num_heads'],
        stages=arch['depths'],
        q_stride=(1, 2, 2),
        mask_unit_size=(1, 8, 8),
        patch_kernel=(3, 7, 7),
        patch_stride=(2, 4, 4),
        patch_padding=(1, 3, 3),
        sep_pos_embed=True,
    ).eval()
    official.head = nn.Identity()
    model = hiera(arch=arch)
    official.load_state_dict(model.state_dict())
    with torch.no_grad():
        torch.testing.assert_close(
            model(clips()), official(clips()), rtol=1e-4, atol=1e-5
        )


# -- The authors' checkpoints -------------------------------------------------


@pytest.mark.parametrize('arch', OFFICIAL_PARAMETERS)
def test_names_and_shapes_of_the_authors_files(arch):
    with torch.device('meta'):
        own = Hiera(arch).state_dict()
    expected = without_classifier(official_shapes(**Hiera.arch_settings[arch]))
    assert {k: tuple(v.shape) for k, v in own.items()} == expected


@pytest.mark.parametrize(
    'wrap',
    [
        lambda x: dict(model_state=x),
        lambda x: dict(model=x),
        lambda x: x,
    ],
    ids=['model_state', 'model', 'bare'],
)
def test_the_authors_files_load_completely(tmp_path, wrap):
    weights = official_weights(**ARCH, slots=2, side=16)
    own = load(tmp_path, wrap(weights)).state_dict()
    weights = without_classifier(weights)
    assert set(own) == set(weights)
    for name, tensor in weights.items():
        assert torch.equal(own[name], tensor), name


def test_fewer_frames_average_the_temporal_embedding(tmp_path):
    """Linear between the middles of 8 slots and of 4: pairs."""
    weights = official_weights(**ARCH, slots=8, side=16)
    own = load(tmp_path, dict(model_state=weights), num_frames=8).state_dict()
    torch.testing.assert_close(
        own['pos_embed_temporal'],
        weights['pos_embed_temporal'].unflatten(1, (4, 2)).mean(dim=2),
    )
    assert torch.equal(own['pos_embed_spatial'], weights['pos_embed_spatial'])


def test_the_spatial_embedding_keeps_rows_and_columns_apart(tmp_path):
    """A gradient along x stays one along x."""
    weights = official_weights(**ARCH, slots=2, side=8)
    weights['pos_embed_spatial'] = (
        torch.arange(8.0).repeat(8)[None, :, None].repeat(1, 1, 8)
    )
    own = load(tmp_path, weights).state_dict()['pos_embed_spatial']
    grid = own[0, :, 3].view(16, 16)
    torch.testing.assert_close(grid, grid[:1].expand(16, 16))
    assert (grid[0].diff() > 0).all()


def test_an_image_model_fills_all_but_the_temporal_embedding(tmp_path):
    weights = official_weights(**ARCH, slots=2, side=16)
    weights['pos_embed'] = weights.pop('pos_embed_spatial')
    del weights['pos_embed_temporal']
    kernel = weights['patch_embed.proj.weight'].sum(dim=2)
    weights['patch_embed.proj.weight'] = kernel
    own = load(tmp_path, dict(model_state=weights)).state_dict()
    assert torch.equal(own['pos_embed_spatial'], weights['pos_embed'])
    spread = own['patch_embed.proj.weight']
    assert torch.equal(spread[:, :, 0], spread[:, :, 2])
    torch.testing.assert_close(spread.sum(dim=2), kernel)
    for name in own:
        if name.startswith(('blocks.', 'norm.')):
            assert torch.equal(own[name], weights[name]), name


@pytest.mark.parametrize(
    'content',
    [
        {},
        {'conv1.weight': torch.zeros(8, 3, 7, 7)},
        official_weights(**dict(ARCH, embed_dims=12), slots=2, side=16),
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
    weights = official_weights(**ARCH, slots=2, side=16)
    # As of an ``mae_`` file, whose norm is the decoder's.
    del weights['norm.weight']
    load(tmp_path, weights)
    assert len(lines) == 1
    for name in ('norm.weight', 'head.projection.bias', 'weights.pth'):
        assert name in lines[0]


# -- Use ----------------------------------------------------------------------


def test_untrained_biases_are_the_authors():
    """0.02 for linear layers and norms; the stem keeps torch's default."""
    model = hiera(std=0.0)
    for module in model.modules():
        if isinstance(module, (nn.Linear, nn.LayerNorm)):
            assert (module.bias == 0.02).all()
    assert model.patch_embed.proj.bias.unique().numel() > 1
    assert 0.015 < model.blocks[5].mlp.fc1.weight.std() < 0.025


def test_every_parameter_gets_a_gradient():
    model = hiera().train()
    (model(clips()) * torch.randn(2, OUT)).sum().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
        assert parameter.grad.abs().max() > 1e-9, name


def test_clips_do_not_mix():
    model, x = hiera(), clips()
    with torch.no_grad():
        before = model(x)
        x[1] = clips(seed=6)[1]
        after = model(x)
    assert torch.equal(before[0], after[0])
    assert (before[1] - after[1]).abs().max() > 1e-3


@pytest.mark.parametrize(
    'kwargs,shape',
    [
        (dict(num_frames=8), (8, 64)),
        (dict(num_frames=2), (2, 64)),
        (dict(img_size=32), (4, 32)),
        (dict(img_size=48, mask_unit_size=4, q_pool=2), (4, 48)),
        (dict(img_size=32, spatial_stride=2, temporal_stride=1), (4, 32)),
        (dict(arch=dict(ARCH, depths=(1, 1)), q_pool=1), (4, 64)),
    ],
)
def test_other_sizes(kwargs, shape):
    model = hiera(**kwargs)
    found = model(clips(1, *shape))
    assert found.shape == (1, model.norm.normalized_shape[0])
    assert found.isfinite().all()


@pytest.mark.parametrize(
    'kwargs,word',
    [
        (dict(arch='huge'), 'base_plus'),
        (dict(num_frames=5), 'num_frames 5'),
        (dict(img_size=80), 'img_size 80'),
        (dict(mask_unit_size=4), '2\\^q_pool 8'),
        (dict(arch=dict(ARCH, num_heads=3)), 'num_heads 3'),
        (dict(arch=dict(ARCH, depths=(1, 1, 1))), '3 stages'),
    ],
)
def test_sizes_that_do_not_fit_are_one_sentence(kwargs, word):
    with pytest.raises(InputError, match=word):
        hiera(**kwargs)


@pytest.mark.parametrize('shape', [(6, 64), (4, 32)])
def test_clips_of_another_size_are_an_error(shape):
    with pytest.raises(InputError, match='num_frames and img_size'):
        hiera()(clips(1, *shape))


@pytest.mark.parametrize('rate,same', [(0.0, True), (0.9, False)])
def test_stochastic_depth_acts_in_training_only(rate, same):
    model, x = hiera(drop_path_rate=rate), clips(4)
    tested = model(x)
    trained = model.train()(x)
    assert torch.allclose(tested, trained, atol=1e-5) == same


def test_copies_after_a_training_step():
    model = hiera().train()
    model(clips()).sum().backward()
    copied = copy.deepcopy(model).eval()
    assert torch.equal(copied(clips()), model.eval()(clips()))


def test_bfloat16_autocast():
    model, x = hiera(std=0.05), clips()
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
            backbone=dict(SIZES, type='Hiera'),
            cls_head=dict(type='TimeSformerHead', num_classes=5, in_channels=OUT),
        )
    )
    model.init_weights()
    inputs = clips()[:, None]
    losses = model(inputs, labels(1, 3), mode='loss')
    assert losses['loss_cls'].isfinite()
    assert model.eval()(inputs, stage='head').shape == (2, 5)
