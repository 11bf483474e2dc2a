"""Published checkpoints in, the published function out."""

import re
from types import SimpleNamespace

import pytest
import torch
from factory import perturb
from mmaction.models import TimeSformer
from mmaction.registry import MODELS
from mmengine.registry import init_default_scope

from mmbimodal.errors import InputError
from mmbimodal.models.weights import resize_embeddings

CHANNELS, HEADS, FRAMES, SIDE, PATCH = 48, 4, 4, 32, 8
SIZES = dict(
    num_frames=FRAMES,
    img_size=SIDE,
    patch_size=PATCH,
    embed_dims=CHANNELS,
    num_heads=HEADS,
)


@pytest.fixture(scope='module', autouse=True)
def scope():
    init_default_scope('mmaction')


def upstream(layers=2, seed=0, **sizes):
    """MMAction2's TimeSformer, with random weights everywhere."""
    torch.manual_seed(seed)
    model = TimeSformer(num_transformer_layers=layers, **dict(SIZES, **sizes))
    return perturb(model, seed).eval()


def ours(path, layers=2, **kwargs):
    """Our backbone, loaded from a file."""
    torch.manual_seed(99)
    model = MODELS.build(
        dict(
            dict(
                SIZES,
                type='BimodalTimeSformer',
                modalities=('a', 'b'),
                num_layers=layers,
                init_cfg=dict(type='Pretrained', checkpoint=str(path)),
            ),
            **kwargs,
        )
    )
    model.init_weights()
    return model.eval()


def save(tmp_path, content):
    path = tmp_path / 'weights.pth'
    torch.save(content, path)
    return path


def recognizer_checkpoint(state_dict):
    """As MMAction2's zoo: prefix, head, meta."""
    return dict(
        meta=dict(epoch=15),
        state_dict={
            **{f'backbone.{k}': v for k, v in state_dict.items()},
            'cls_head.fc_cls.weight': torch.zeros(400, CHANNELS),
            'cls_head.fc_cls.bias': torch.zeros(400),
        },
    )


def authors_names(state_dict):
    """MMAction2's names → those of the TimeSformer authors' ``vit.py``."""
    modules = {
        'attentions.0.norm': 'temporal_norm1',
        'attentions.0.attn.in_proj': 'temporal_attn.qkv',
        'attentions.0.attn.out_proj': 'temporal_attn.proj',
        'attentions.0.temporal_fc': 'temporal_fc',
        'attentions.1.norm': 'norm1',
        'attentions.1.attn.in_proj': 'attn.qkv',
        'attentions.1.attn.out_proj': 'attn.proj',
        'ffns.0.norm': 'norm2',
        'ffns.0.layers.0.0': 'mlp.fc1',
        'ffns.0.layers.1': 'mlp.fc2',
    }
    renamed = {}
    for name, tensor in state_dict.items():
        match = re.fullmatch(
            r'transformer_layers\.layers\.(\d+)\.(.+)[._](weight|bias)', name
        )
        if match:
            index, module, kind = match.groups()
            name = f'blocks.{index}.{modules[module]}.{kind}'
        renamed[name.replace('projection', 'proj')] = tensor
    return renamed


def timm_vit(layers=2, seed=0, side=4, channels=CHANNELS):
    """Tensors of an ImageNet ViT in timm's naming."""
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape):
        return 0.2 * torch.randn(*shape, generator=generator)

    shapes = {
        'cls_token': (1, 1, channels),
        'pos_embed': (1, 1 + side**2, channels),
        'patch_embed.proj.weight': (channels, 3, PATCH, PATCH),
        'patch_embed.proj.bias': (channels,),
        'norm.weight': (channels,),
        'norm.bias': (channels,),
        'head.weight': (1000, channels),
        'head.bias': (1000,),
    }
    for i in range(layers):
        for name, out, size in (
            ('attn.qkv', 3 * channels, channels),
            ('attn.proj', channels, channels),
            ('mlp.fc1', 4 * channels, channels),
            ('mlp.fc2', channels, 4 * channels),
        ):
            shapes[f'blocks.{i}.{name}.weight'] = (out, size)
            shapes[f'blocks.{i}.{name}.bias'] = (out,)
        for name in ('norm1', 'norm2'):
            for kind in ('weight', 'bias'):
                shapes[f'blocks.{i}.{name}.{kind}'] = (channels,)
    return {name: draw(*shape) for name, shape in shapes.items()}


def mmaction_vit(timm):
    """timm's names → those of the ViT file that MMAction2 starts from."""
    rules = (
        ('patch_embed.proj.', 'patch_embed.projection.'),
        ('blocks.', 'transformer_layers.layers.'),
        ('norm1.', 'norms.0.'),
        ('norm2.', 'norms.1.'),
        ('attn.qkv.', 'attentions.0.attn.in_proj_'),
        ('attn.proj.', 'attentions.0.attn.out_proj.'),
        ('mlp.fc1.', 'ffns.0.layers.0.0.'),
        ('mlp.fc2.', 'ffns.0.layers.1.'),
    )
    renamed = {}
    for name, tensor in timm.items():
        for old, new in rules:
            name = name.replace(old, new)
        renamed[name] = tensor
    return renamed


def clips(batch=2):
    generator = torch.Generator().manual_seed(5)
    return {
        name: torch.randn(batch, 3, FRAMES, SIDE, SIDE, generator=generator)
        for name in 'ab'
    }


def same_tensors(model, expected):
    """Every tensor of every encoder is the file's."""
    for encoder in model.encoders.values():
        own = encoder.state_dict()
        for name, tensor in own.items():
            assert torch.equal(tensor, expected[name]), name


# -- (a) MMAction2's TimeSformer ----------------------------------------------


@pytest.mark.parametrize('layers', [2, 3])
@pytest.mark.parametrize('share_weights', [True, False])
def test_same_class_token_as_mmaction2(tmp_path, layers, share_weights):
    theirs = upstream(layers)
    path = save(tmp_path, recognizer_checkpoint(theirs.state_dict()))
    model = ours(path, layers, share_weights=share_weights)
    inputs = clips()
    with torch.no_grad():
        found = model(inputs)
        for name, x in inputs.items():
            torch.testing.assert_close(
                found[name].cls_token, theirs(x), rtol=1e-5, atol=1e-5
            )


def test_temporal_attention_takes_part_in_the_comparison():
    """Without it the class token differs: the weights are not at zero."""
    theirs, inputs = upstream(), clips()['a']
    with torch.no_grad():
        before = theirs(inputs)
        for layer in theirs.transformer_layers.layers:
            layer.attentions[0].temporal_fc.weight.zero_()
        assert (theirs(inputs) - before).abs().max() > 1e-2


def test_same_class_token_in_training_without_stochastic_depth(tmp_path):
    theirs = upstream()
    path = save(tmp_path, recognizer_checkpoint(theirs.state_dict()))
    model = ours(path, drop_path_rate=0.0).train()
    inputs = clips()
    torch.testing.assert_close(
        model(inputs)['a'].cls_token, theirs(inputs['a']), rtol=1e-5, atol=1e-5
    )


@pytest.mark.parametrize(
    'wrap',
    [
        lambda x: x,
        lambda x: dict(state_dict=x),
        recognizer_checkpoint,
    ],
    ids=['bare', 'backbone', 'recognizer'],
)
def test_loads_completely_however_it_is_wrapped(tmp_path, wrap):
    state_dict = upstream().state_dict()
    model = ours(save(tmp_path, wrap(state_dict)))
    same_tensors(model, authors_names(state_dict))


# -- (b) The TimeSformer authors' layout --------------------------------------


def authors_checkpoint(state_dict):
    """As ``tools/run_net.py`` of the authors saves it."""
    named = authors_names(state_dict)
    return dict(
        epoch=14,
        model_state={
            **{f'model.{k}': v for k, v in named.items()},
            'model.head.weight': torch.zeros(400, CHANNELS),
            'model.head.bias': torch.zeros(400),
        },
    )


def test_the_authors_layout_loads_completely(tmp_path):
    state_dict = upstream().state_dict()
    model = ours(save(tmp_path, authors_checkpoint(state_dict)))
    same_tensors(model, authors_names(state_dict))


def test_the_authors_layout_gives_the_same_class_token(tmp_path):
    theirs, inputs = upstream(3), clips()
    model = ours(save(tmp_path, authors_checkpoint(theirs.state_dict())), layers=3)
    with torch.no_grad():
        found = model(inputs)
        for name, x in inputs.items():
            torch.testing.assert_close(
                found[name].cls_token, theirs(x), rtol=1e-5, atol=1e-5
            )


# -- (c) ImageNet ViT ---------------------------------------------------------


@pytest.mark.parametrize(
    'layout',
    [
        lambda x: x,
        lambda x: dict(model=x),
        mmaction_vit,
        lambda x: dict(state_dict=mmaction_vit(x)),
        lambda x: recognizer_checkpoint(mmaction_vit(x)),
    ],
    ids=['timm', 'deit', 'mmaction', 'mmaction-state_dict', 'recognizer'],
)
def test_vit_fills_all_but_the_time_embedding(tmp_path, layout):
    vit = timm_vit()
    model = ours(save(tmp_path, layout(vit)))
    own = model.encoders['shared'].state_dict()
    for name, tensor in own.items():
        if 'temporal_fc' in name:
            assert not tensor.any(), name
        elif name != 'time_embed':
            source = name.replace('temporal_', '')
            assert torch.equal(tensor, vit[source]), name


def test_vit_of_mmaction2_is_read_as_mmaction2_reads_it(tmp_path):
    """Its own loader on the same file."""
    path = save(tmp_path, mmaction_vit(timm_vit()))
    theirs = TimeSformer(num_transformer_layers=2, **SIZES)
    theirs.init_weights(str(path))
    model, inputs = ours(path), clips()
    with torch.no_grad():
        torch.testing.assert_close(
            model(inputs)['a'].cls_token,
            theirs.eval()(inputs['a']),
            rtol=1e-5,
            atol=1e-5,
        )


# -- Other sizes --------------------------------------------------------------


@pytest.mark.parametrize('wrap', [recognizer_checkpoint, authors_checkpoint])
def test_deeper_weights_fill_from_the_bottom(tmp_path, wrap):
    state_dict = upstream(layers=4).state_dict()
    model = ours(save(tmp_path, wrap(state_dict)), layers=2)
    same_tensors(model, authors_names(state_dict))


def test_shallower_weights_fill_the_lower_layers(tmp_path):
    state_dict = upstream(layers=2).state_dict()
    own = (
        ours(save(tmp_path, recognizer_checkpoint(state_dict)), layers=3)
        .encoders['shared']
        .state_dict()
    )
    for name, tensor in authors_names(state_dict).items():
        assert torch.equal(own[name], tensor), name


def test_larger_embeddings_are_interpolated_from_the_file(tmp_path):
    state_dict = upstream(img_size=48, num_frames=8).state_dict()
    model = ours(save(tmp_path, recognizer_checkpoint(state_dict)))
    own = model.encoders['shared'].state_dict()
    assert own['pos_embed'].shape == (1, 17, CHANNELS)
    torch.testing.assert_close(own['pos_embed'][:, 0], state_dict['pos_embed'][:, 0])
    # linear between the middles of 8 and of 4: pairs are averaged
    torch.testing.assert_close(
        own['time_embed'], state_dict['time_embed'].unflatten(1, (4, 2)).mean(dim=2)
    )


def test_embeddings_of_the_right_size_stay_as_they_are():
    weights = dict(pos_embed=torch.randn(1, 17, 6), time_embed=torch.randn(1, 8, 6))
    resized = resize_embeddings(weights, grid=(4, 4), num_frames=8)
    for name, tensor in weights.items():
        assert torch.equal(resized[name], tensor)


@pytest.mark.parametrize('grid,num_frames', [(3, 4), (7, 16), (14, 8)])
def test_constant_embeddings_stay_constant(grid, num_frames):
    row = torch.randn(6)
    weights = dict(pos_embed=row.expand(1, 17, 6), time_embed=row.expand(1, 8, 6))
    resized = resize_embeddings(weights, (grid, grid), num_frames)
    for name, size in (('pos_embed', 1 + grid**2), ('time_embed', num_frames)):
        torch.testing.assert_close(resized[name], row.expand(1, size, 6))


def test_position_embedding_keeps_rows_and_columns_apart():
    """A gradient along x stays one along x."""
    column = torch.arange(4.0).repeat(4)[None, :, None]
    weights = dict(pos_embed=torch.cat((torch.zeros(1, 1, 1), column), 1))
    grid = resize_embeddings(weights, (8, 8), 1)['pos_embed'][0, 1:, 0]
    grid = grid.view(8, 8)
    torch.testing.assert_close(grid, grid[:1].expand(8, 8))
    assert (grid[0].diff() > 0).all()


# -- What is not loaded -------------------------------------------------------


@pytest.mark.parametrize(
    'content',
    [
        dict(state_dict={'backbone.conv1.weight': torch.zeros(8, 3, 7, 7)}),
        dict(state_dict={}),
        timm_vit(channels=24),
    ],
    ids=['resnet', 'empty', 'narrower'],
)
def test_a_file_that_matches_nothing_is_an_error(tmp_path, content):
    path = save(tmp_path, content)
    with pytest.raises(InputError, match=re.escape(str(path))):
        ours(path)


def test_what_was_not_loaded_is_logged(tmp_path, monkeypatch):
    lines = []
    logger = SimpleNamespace(info=lines.append)
    monkeypatch.setattr(
        'mmbimodal.models.weights.filling.MMLogger',
        SimpleNamespace(get_current_instance=lambda: logger),
    )
    ours(save(tmp_path, timm_vit()))
    assert len(lines) == 1
    for name in ('time_embed', 'head.weight', 'weights.pth'):
        assert name in lines[0]
