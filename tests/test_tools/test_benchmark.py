"""The benchmark on tiny models: what it measures, not how fast it is."""

import copy
import json

import pytest
import torch
from mmengine.config import Config

from mmbimodal.apis import benchmark, benchmark_memory, benchmark_stages
from mmbimodal.errors import InputError

KEYS = ['a1', 'a2', 'b', 'c', 'd']
TINY = dict(num_frames=2, img_size=32, embed_dims=16, num_heads=2, num_layers=2)


@pytest.fixture
def tool(load_tool):
    return load_tool('analysis/benchmark.py')


@pytest.fixture
def tiny(tool, monkeypatch):
    """The tool with tiny configs in place of the synthetic size."""

    def configs(size):
        found = []
        for config in original(size):
            options = {f'model.backbone.{k}': v for k, v in TINY.items()}
            options['model.cls_head.in_channels'] = 16
            if 'num_heads' in config.model.cls_head:
                options['model.cls_head.num_heads'] = 2
                options['model.neck.in_channels'] = 16
                options['model.neck.num_samples'] = 10
            config.merge_from_dict(options)
            found.append(config)
        return found

    original = tool.configs
    monkeypatch.setattr(tool, 'configs', configs)
    return tool


def run(tool, monkeypatch, *options):
    monkeypatch.setattr(
        'sys.argv', ['benchmark.py', '--size', 'synth', '--repeats', '1', *options]
    )
    tool.main()


def fake_memory(*_):
    return dict(inference=10**6, training=2 * 10**6)


def test_the_figures(tiny, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(tiny, 'measure_memory', fake_memory)
    path = tmp_path / 'figures.json'
    run(tiny, monkeypatch, '--batch', '2', '--json', str(path), '--markdown')
    found = json.loads(path.read_text())
    assert list(found['models']) == KEYS
    for model in found['models'].values():
        assert model['flops'] > 0
        for mode in ('inference', 'training'):
            low, median, high = model[mode]
            assert 0 < low <= median <= high
    assert max(found['differences'].values()) < 1e-4
    for times in found['stages'].values():
        assert set(times) == set(benchmark_stages.STAGES)
    assert found['stages']['inference']['loss'] == 0
    assert all(found['stages']['training forward'].values())
    printed = capsys.readouterr().out
    assert 'torch' in printed and '| d |' in printed
    for block in printed.split('\n\n'):
        rows = [x for x in block.splitlines() if x.startswith('|')]
        assert len({x.count('|') for x in rows}) <= 1


def test_ratios_are_to_the_better_of_both_baselines(tool):
    models = dict(
        a1=dict(
            name='',
            flops=1e9,
            memory=dict(inference=3, training=8),
            inference=[1.0, 2.0, 3.0],
            training=[1.0, 4.0, 5.0],
        )
    )
    models['a2'] = dict(models['a1'], inference=[1.0, 1.0, 1.0])
    models['d'] = dict(
        models['a1'], training=[2.0, 2.0, 2.0], memory=dict(inference=None, training=4)
    )
    found = dict(models=models, peak=1e10)
    times, costs = tool.time_table(found), tool.cost_table(found)
    assert [row[2] for row in times[1:]] == ['2.00', '1.00', '2.00']
    assert [row[4] for row in times[1:]] == ['1.00', '1.00', '0.50']
    assert costs[3][1:5] == ['?', '?', '0', '0.50']


def test_growth(tiny, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(
        tiny,
        'GROWTH',
        dict(frames=('num_frames', (2, 4)), modalities=('modalities', (1, 3))),
    )
    monkeypatch.setattr(tiny, 'KEPT_SHARES', (0.5, 1.0))
    chart, path = tmp_path / 'growth.png', tmp_path / 'growth.json'
    run(tiny, monkeypatch, '--growth', str(chart), '--json', str(path))
    assert chart.read_bytes()[:4] == b'\x89PNG'
    growth = json.loads(path.read_text())['growth']
    assert list(growth) == ['frames', 'modalities', 'kept share']
    for points in growth.values():
        small, large = points
        assert small['flops']['d'] < large['flops']['d']
    assert growth['frames'][1]['flops']['a'] > 1.9 * growth['frames'][0]['flops']['a']
    assert 'frames 4' in capsys.readouterr().out


@pytest.fixture
def variants(tiny):
    return benchmark.make_variants(*tiny.configs('synth'))


def test_the_baseline_is_upstreams(variants):
    model = benchmark.build_model(variants['a1'], 'cpu')
    branch = model.backbone.branches['shared']
    assert type(branch).__module__ == 'mmaction.models.backbones.timesformer'


@pytest.mark.parametrize('key,clips', [('a1', [2]), ('a2', [1, 1])])
def test_calls_of_the_baseline(variants, key, clips):
    model = benchmark.build_model(variants[key], 'cpu')
    sizes = []
    model.backbone.branches['shared'].register_forward_hook(
        lambda module, args, output: sizes.append(len(args[0]))
    )
    benchmark.inference_step(
        model, benchmark.make_inputs(variants[key], 1, 'cpu'), False
    )()
    assert sizes == clips


def test_another_function_is_not_compared(variants):
    models = {key: benchmark.build_model(x, 'cpu') for key, x in variants.items()}
    benchmark.share_weights(models)
    inputs = benchmark.make_inputs(variants['d'], 2, 'cpu')
    assert max(benchmark.compare_outputs(models, inputs).values()) < 1e-4
    with torch.no_grad():
        models['b'].backbone.encoders['shared'].norm.weight.mul_(1.5)
    with pytest.raises(InputError, match='model b differs'):
        benchmark.compare_outputs(models, inputs)


def test_steps_are_interleaved():
    order = []
    times = benchmark.interleave(
        {name: lambda name=name: order.append(name) for name in 'abc'},
        2,
        'cpu',
        lambda: None,
    )
    assert order == list('abcabcabc')
    assert [len(x) for x in times.values()] == [2, 2, 2]


def test_a_training_step_trains(variants):
    model = benchmark.build_model(variants['d'], 'cpu')
    before = copy.deepcopy(model.state_dict())
    benchmark.training_step(
        model,
        variants['d'].optimizer,
        benchmark.make_inputs(variants['d'], 2, 'cpu'),
        False,
    )()
    assert all(p.grad is None for p in model.parameters())
    assert any(
        not torch.equal(before[name], value)
        for name, value in model.state_dict().items()
    )


def test_peak_memory_is_found():
    """64 MB that are gone when the step is over."""
    if not benchmark_memory._RESET.exists():
        pytest.skip('not Linux')
    found = benchmark_memory._growth(lambda: torch.ones(2**24).sum())
    if found is None:
        pytest.skip('the system does not let the peak be reset')
    assert 0.9 * 2**26 < found < 1.5 * 2**26


def test_nested_stages_count_once(monkeypatch):
    now = iter(range(100))
    monkeypatch.setattr(benchmark_stages.time, 'perf_counter', lambda: next(now))
    watch = benchmark_stages.Stopwatch('cpu')
    watch.wrap(lambda: watch.wrap(lambda: None, 'loss')(), 'fusion')()
    assert watch.seconds == dict(rest=1, fusion=2, loss=1)


@pytest.mark.parametrize(
    'options,words',
    [
        (('--device', 'cuda'), 'sees no GPU'),
        (('--device', 'toaster'), 'is no device'),
        (('--batch', '0'), '--batch 0'),
    ],
)
def test_mistakes_are_one_sentence(tool, monkeypatch, options, words):
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    with pytest.raises(SystemExit) as error:
        run(tool, monkeypatch, *options)
    assert words in str(error.value) and '\n' not in str(error.value)


def test_the_published_size(tool):
    """2×8×224², ViT-B with 10 layers, and the paper's optimiser."""
    variants = benchmark.make_variants(*tool.configs('paper'))
    branch = variants['a1'].model['backbone']['branch']
    assert Config(branch).num_transformer_layers == 10
    assert (branch['num_frames'], branch['img_size']) == (8, 224)
    assert {x.optimizer['type'] for x in variants.values()} == {'SGD'}
