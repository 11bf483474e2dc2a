"""Models as ONNX files: what onnxruntime predicts is what PyTorch predicts."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from mmengine.config import Config
from mmengine.registry import init_default_scope
from test_configs.shrink import CONFIGS, FILES, shrink
from torch import nn

from mmbimodal.apis import export as module
from mmbimodal.apis import export_onnx
from mmbimodal.apis.complexity import example_inputs
from mmbimodal.apis.export_graph import convolve_rows
from mmbimodal.errors import InputError
from mmbimodal.experiments import load_table, merge_options
from mmbimodal.models.layers import descending_order

onnx = pytest.importorskip('onnx', reason='needs onnx: pip install .[export]')
onnxruntime = pytest.importorskip('onnxruntime', reason='needs onnxruntime')
pytest.importorskip('onnxscript', reason='needs onnxscript')

FUSIONS = load_table(CONFIGS / 'experiments', 'table2', 'synth').rows
SMALL = [
    path
    for path in FILES
    if path.parent.name == 'skeleton' or path.match('baselines/*_synth.py')
]
STAF = CONFIGS / 'staf_synth.py'


def build(config):
    """Random weights whose scores depend on the input."""
    init_default_scope(config.default_scope)
    torch.manual_seed(0)
    model = MODELS.build(config.model)
    model.init_weights()
    model.dataset_meta = dict(classes=[f'action {i}' for i in range(12)])
    for name, parameter in model.cls_head.named_parameters():
        if name.startswith(('fc', 'head.cls')) and parameter.ndim > 1:
            nn.init.normal_(parameter)
    return model.eval()


def small(path):
    config = Config.fromfile(path)
    shrink(config)
    return config


def open_session(path):
    return onnxruntime.InferenceSession(path, providers=['CPUExecutionProvider'])


@pytest.fixture(scope='module')
def exported(tmp_path_factory):
    """Model, config and file of a small STAF."""
    config = Config.fromfile(STAF)
    shrink(config)
    config.model.backbone.num_layers = 1
    model = build(config)
    path = tmp_path_factory.mktemp('exported') / 'staf.onnx'
    assert export_onnx(model, config, path) <= 1e-4
    return model, config, path


def compare(model, config, path, size):
    """Scores of a batch whose samples lack this or that modality."""
    shapes = {name: x.shape[1:] for name, x in example_inputs(config).items()}
    generator = torch.Generator().manual_seed(size)
    inputs = {
        name: torch.randn(size, *shape, generator=generator)
        for name, shape in shapes.items()
    }
    present = np.ones((size, len(shapes)), bool)
    if len(shapes) > 1:
        present[2::3, 0] = present[1::3, 1] = False
    samples = [
        ActionDataSample(
            metainfo=dict(
                modalities={name: {} for name, x in zip(shapes, row) if x},
            )
        )
        for row in present
    ]
    with torch.no_grad():
        expected = model(inputs, samples, mode='predict')
    feed = {name: x.numpy() for name, x in inputs.items()}
    if len(shapes) > 1:
        feed['present'] = present
        # The rows of an absent modality are not looked at.
        for name, flags in zip(shapes, present.T):
            feed[name] = feed[name].copy()
            feed[name][~flags] = 1e3
    [found] = open_session(path).run(['scores'], feed)
    expected = np.stack([x.pred_score for x in expected])
    np.testing.assert_allclose(found, expected, atol=1e-4)
    return expected


@pytest.mark.parametrize('size', [1, 4, 7])
def test_any_batch_with_absent_modalities(exported, size):
    scores = compare(*exported, size)
    assert scores.shape == (size, 12)
    assert size == 1 or np.ptp(scores, axis=0).max() > 0.01


def test_the_graph_names_its_inputs_and_leaves_the_batch_free(exported):
    session = open_session(exported[2])
    assert {x.name: x.shape for x in session.get_inputs()} == dict(
        rgb=['batch', 1, 3, 8, 64, 64],
        ir=['batch', 1, 3, 8, 64, 64],
        present=['batch', 2],
    )
    assert [x.name for x in session.get_outputs()] == ['scores']


def test_the_metadata_says_how_to_feed_it(exported):
    model, _, path = exported
    proto = onnx.load(path)
    (entry,) = proto.metadata_props
    about = json.loads(entry.value)
    assert entry.key == 'mmbimodal'
    assert about['classes'] == model.dataset_meta['classes']
    assert list(about['modalities']) == ['rgb', 'ir']
    np.testing.assert_allclose(about['modalities']['ir']['mean'], [86.6] * 3)
    np.testing.assert_allclose(about['modalities']['rgb']['std'], [53.3, 52.3, 52.0])
    steps = {step['type']: step for step in about['pipeline']}
    assert steps['SyncSample']['transforms'][0]['clip_len'] == 8
    assert steps['SyncResize']['short_side'] == 72
    # no path of the machine that wrote it
    assert str(CONFIGS.parent).encode() not in proto.SerializeToString()


def test_ties_are_settled_alike(tmp_path):
    """``TopK`` of the file against the stable sort of eager mode."""

    class Order(nn.Module):
        def forward(self, values):
            return descending_order(values, 9)

    # few different values, and the −inf of absent frames
    values = torch.randint(0, 3, (50, 16), generator=torch.Generator().manual_seed(0))
    values = torch.where(values == 0, -torch.inf, values.float())
    program = torch.onnx.export(
        Order().eval(),
        (values[:2],),
        dynamic_shapes=({0: torch.export.Dim('batch')},),
        dynamo=True,
        verbose=False,
    )
    program.save(tmp_path / 'order.onnx')
    session = open_session(tmp_path / 'order.onnx')
    [found] = session.run(None, {session.get_inputs()[0].name: values.numpy()})
    expected = [
        sorted(range(16), key=lambda i: (-row[i], i))[:9] for row in values.tolist()
    ]
    assert found.tolist() == expected == descending_order(values, 9).tolist()


@pytest.mark.parametrize('stride, padding, taps', [(1, 1, 3), (1, 0, 4), (2, 2, 5)])
def test_a_kernel_for_each_row(stride, padding, taps):
    x, kernel = torch.randn(1, 6, 8, 5), torch.randn(6, 1, taps, 1)
    options = dict(stride=(stride, 1), padding=(padding, 0), groups=6)
    torch.testing.assert_close(
        convolve_rows(x, kernel, bias=None, **options), F.conv2d(x, kernel, **options)
    )


@pytest.mark.parametrize(
    'name',
    ['baselines/tanet_synth', 'skeleton/stgcn_nw_ucla', 'skeleton/agcn_nw_ucla'],
)
def test_images_and_skeletons(name, tmp_path):
    config = Config.fromfile(CONFIGS / f'{name}.py')
    model = build(config)
    path = tmp_path / 'model.onnx'
    export_onnx(model, config, path)
    scores = compare(model, config, path, 3)
    assert np.ptp(scores, axis=0).max() > 1e-3


class Part(nn.Module):
    """What an export needs of a recognizer whose scores are ``function(x)``."""

    def __init__(self, function):
        super().__init__()
        self.function = function
        self.cls_head = SimpleNamespace(average_clip=lambda scores, views: scores)

    def forward(self, inputs, stage):
        return self.function(inputs['depth'])


@pytest.mark.parametrize(
    'function, sentence',
    [
        (
            lambda x: x.sort(stable=True).values,
            'ONNX has no operator for aten.sort.stable, which the model computes',
        ),
        (lambda x: x * len(x), 'Constraints violated .batch.'),
        (
            lambda x: x if x.sum() > 0 else -x,
            r'cannot be traced as one graph \(Could not',
        ),
    ],
)
def test_what_stops_an_export_is_named(function, sentence):
    batch = dict(depth=torch.randn(2, 1, 3))
    example = module.Example(batch, torch.ones(2, 1, dtype=torch.bool), batch['depth'])
    with pytest.raises(InputError, match=sentence):
        module._convert(Part(function), example, {})


@pytest.fixture
def converted(exported, monkeypatch):
    """The conversion is the one of before."""
    content = exported[2].read_bytes()
    monkeypatch.setattr(module, '_convert', lambda *_: content)


def test_a_file_that_is_wrong_replaces_nothing(exported, converted, tmp_path):
    _, config, _ = exported
    path = tmp_path / 'staf.onnx'
    path.write_bytes(b'earlier')
    other = build(config)
    nn.init.ones_(other.cls_head.fc_cls.bias[:3])
    with pytest.raises(InputError, match=r'is not written: onnxruntime and PyTorch'):
        export_onnx(other, config, path)
    other.cls_head.fc_cls.bias.data[:] = torch.nan
    with pytest.raises(InputError, match=r'differ by nan'):
        export_onnx(other, config, path)
    assert path.read_bytes() == b'earlier' and len([*tmp_path.iterdir()]) == 1


def test_bad_requests(exported, converted, tmp_path, monkeypatch):
    model, config, _ = exported
    with pytest.raises(InputError, match=r'model.pt is not the name of an ONNX file'):
        export_onnx(model, config, tmp_path / 'model.pt')
    (tmp_path / 'file').touch()
    with pytest.raises(InputError, match='file cannot be written'):
        export_onnx(model, config, tmp_path / 'file/model.onnx')
    monkeypatch.setattr(
        module.importlib.util, 'find_spec', lambda x: None if x == 'onnxscript' else x
    )
    with pytest.raises(InputError, match='needs onnxscript: pip install'):
        export_onnx(model, config, tmp_path / 'model.onnx')


@pytest.mark.slow
@pytest.mark.parametrize('path', SMALL, ids=[x.stem for x in SMALL])
def test_every_architecture_exports(path, tmp_path):
    config = small(path)
    model = build(config)
    export_onnx(model, config, tmp_path / 'model.onnx')
    compare(model, config, tmp_path / 'model.onnx', 4)


@pytest.mark.slow
@pytest.mark.parametrize('row', FUSIONS, ids=[x.name for x in FUSIONS])
def test_every_fusion_exports(row, tmp_path):
    config = merge_options(Config.fromfile(CONFIGS / row.config), row.options)
    model = build(config)
    export_onnx(model, config, tmp_path / 'model.onnx')
    compare(model, config, tmp_path / 'model.onnx', 4)
