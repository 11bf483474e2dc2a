"""The benchmark on tiny models: what it measures, not how fast it is."""

import copy
import json

import pytest
import torch
from mmengine.config import Config

from mmbimodal.apis import benchmark, benchmark_models, benchmark_runs
from mmbimodal.models.layers import linear

TINY = dict(num_frames=2, img_size=32, embed_dims=16, num_heads=2, num_layers=2)


@pytest.fixture
def tool(load_tool):
    return load_tool('analysis/benchmark.py')


@pytest.fixture
def pair(tool):
    """Tiny configs of the baseline and of STAF."""
    configs = [Config.fromfile(tool.CONFIGS / x.format('synth')) for x in tool.MODELS]
    for config in configs:
        options = {f'model.backbone.{key}': x for key, x in TINY.items()}
        options['model.cls_head.in_channels'] = 16
        if 'num_heads' in config.model.cls_head:
            options['model.cls_head.num_heads'] = 2
            options['model.neck.in_channels'] = 16
            options['model.neck.num_samples'] = 10
        config.merge_from_dict(options)
    return configs


@pytest.fixture
def tiny(tool, pair, monkeypatch):
    """The tool with the tiny configs in place of its own."""
    baseline, staf = pair
    monkeypatch.setattr(
        Config, 'fromfile', lambda path: staf if 'staf' in path.name else baseline
    )
    monkeypatch.setattr(linear, 'USE_ONEDNN', True)
    return tool


@pytest.fixture
def variants(pair):
    return benchmark_models.make_variants(*pair)


def steps_of(variant, batch=2):
    model = benchmark_models.build_model(variant, 'cpu')
    inputs = benchmark_models.make_inputs(variant, batch, 'cpu')
    return benchmark.Steps(variant, model, inputs, False)


def run(tool, *options):
    tool.main(tool.parse_args(['--repeats', '1', *options]))


def test_the_figures(tiny, tmp_path, capsys):
    path = tmp_path / 'figures.json'
    run(tiny, '--batch', '2', '--json', str(path), '--markdown')
    found = json.loads(path.read_text())
    assert list(found['models']) == ['a1', 'a2', 'b', 'c', 'd', 'b off', 'd off']
    for model in found['models'].values():
        assert model['flops'] > 0
        for mode in ('inference', 'training'):
            low, median, high = model[mode]
            assert 0 < low <= median <= high
    for times in found['stages'].values():
        assert set(times) == set(benchmark.STAGES)
    assert found['stages']['inference']['loss'] == 0
    assert all(found['stages']['training forward'].values())
    printed = capsys.readouterr().out
    # processor, vector extensions and the switch are named
    assert torch.backends.cpu.get_cpu_capability() in printed
    assert 'd off: d without the oneDNN product' in printed
    for title in ('seconds', 'peak memory, MB', 'stage of d'):
        assert f'| {title}' in printed


def test_ratios_are_to_the_better_of_both_baselines(tool):
    model = dict(
        name='',
        flops=1e9,
        memory=dict(inference=3, training=8),
        inference=[1.0, 2.0, 3.0],
        training=[1.0, 4.0, 5.0],
    )
    models = dict(
        a1=model,
        a2=dict(model, inference=[1.0, 1.0, 1.0]),
        d=dict(
            model, training=[2.0, 2.0, 2.0], memory=dict(inference=None, training=4)
        ),
    )
    stages = dict(inference=dict(selection=1.0, rest=3.0))
    found = dict(models=models, peak=1e10, stages=stages)
    times, costs, shares = tool.compare_tables(found, ('selection',))
    assert [row[2] for row in times[1:]] == ['2.00', '1.00', '2.00']
    assert [row[4] for row in times[1:]] == ['1.00', '1.00', '0.50']
    assert costs[3][1:5] == ['?', '?', '0', '0.50']
    assert shares[-1] == ["STAF's own together", '1', '25.0%']


def test_growth(tiny, monkeypatch, tmp_path, capsys):
    growth = dict(frames=('num_frames', (2, 4)), modalities=('modalities', (1, 3)))
    monkeypatch.setattr(benchmark_runs, 'GROWTH', growth)
    monkeypatch.setattr(benchmark_runs, 'KEPT_SHARES', (0.5, 1.0))
    chart, path = tmp_path / 'growth.png', tmp_path / 'growth.json'
    run(tiny, '--growth', str(chart), '--json', str(path))
    assert chart.read_bytes()[:4] == b'\x89PNG'
    growth = json.loads(path.read_text())['growth']
    assert list(growth) == ['frames', 'modalities', 'kept share']
    for small, large in growth.values():
        assert small['flops']['d'] < large['flops']['d']
    small, large = growth['frames']
    assert large['flops']['a'] > 1.9 * small['flops']['a']
    assert 'frames 4' in capsys.readouterr().out


def test_the_baseline_is_upstreams(variants):
    branch = benchmark_models.build_model(variants['a1'], 'cpu').backbone.branches
    assert type(branch['shared']).__module__ == 'mmaction.models.backbones.timesformer'


@pytest.mark.parametrize('key,clips', [('a1', [2]), ('a2', [1, 1])])
def test_calls_of_the_baseline(variants, key, clips):
    """Both have one set of weights."""
    steps = steps_of(variants[key], batch=1)
    sizes = []
    branches = steps.model.backbone.branches
    branches[next(iter(branches))].register_forward_hook(
        lambda module, args, output: sizes.append(len(args[0]))
    )
    steps.predict()
    assert sizes == clips
    assert len({id(x) for x in branches.values()}) == 1


def test_the_switch_is_set_for_each_step(pair, monkeypatch):
    """Warm-ups, measurements and stages."""
    states, seen = [], []
    monkeypatch.setattr(benchmark, 'seconds', lambda step: float(step() is None) + 1)
    settings = benchmark_runs.Settings(pair, 1, 'cpu', False, 1, states.append)
    for name in ('predict', 'learn'):
        method = getattr(benchmark.Steps, name)

        def step(self, method=method):
            method(self)
            seen.append(states[-1])

        monkeypatch.setattr(benchmark.Steps, name, step)
    found = benchmark_runs.compare(settings)
    assert list(found['models'])[-2:] == ['b off', 'd off']
    # once to warm up and once to measure memory, then once to be timed
    assert seen[:28] == 20 * [True] + 8 * [False]
    assert seen[28:42] == 2 * (5 * [True] + 2 * [False])


def test_steps_take_turns(monkeypatch):
    order = []
    monkeypatch.setattr(benchmark, 'seconds', lambda step: step() or 1.0)
    steps = {name: lambda name=name: order.append(name) for name in 'abc'}
    times = benchmark.time_in_turn(steps, 2, '')
    assert order == list('abcabc')
    assert times == dict(a=[1.0, 1.0], b=[1.0, 1.0], c=[1.0, 1.0])


def test_a_step_is_warmed_up():
    calls = []
    assert benchmark.seconds(lambda: calls.append(torch.rand(10**6))) > 0
    assert len(calls) > 1


def test_a_training_step_trains(variants):
    steps = steps_of(variants['d'])
    before = copy.deepcopy(steps.model.state_dict())
    steps.learn()
    assert all(p.grad is None for p in steps.model.parameters())
    after = steps.model.state_dict()
    assert any(not torch.equal(x, after[name]) for name, x in before.items())


def test_the_stages_fill_the_step_and_leave_no_hooks(variants):
    steps = steps_of(variants['d'])
    found = benchmark.time_stages(steps.model, steps.losses, 2)
    assert min(found.values()) > 0
    for module in steps.model.modules():
        assert not module._forward_hooks and not module._forward_pre_hooks


def test_peak_memory_is_found():
    """64 MB that are gone when the step is over."""
    found = benchmark.peak_memory(lambda: torch.ones(2**24).sum(), 'cpu')
    if found is None:
        pytest.skip('the system does not let the peak be reset')
    assert 0.9 * 2**26 < found < 1.5 * 2**26


@pytest.mark.parametrize(
    'options,words',
    [(('--device', 'toaster'), '--device'), (('--batch', '0'), '--batch: give 1')],
)
def test_mistakes(tool, options, words, capsys):
    with pytest.raises(SystemExit):
        tool.parse_args(options)
    assert words in capsys.readouterr().err


def test_no_gpu_is_one_sentence(tool, monkeypatch):
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    with pytest.raises(SystemExit) as error:
        run(tool, '--device', 'cuda')
    assert 'sees no GPU' in str(error.value) and '\n' not in str(error.value)


def test_the_published_size(tool):
    """2×8×224², ViT-B with 10 layers, and the paper's optimizer."""
    configs = [Config.fromfile(tool.CONFIGS / x.format('infar')) for x in tool.MODELS]
    variants = benchmark_models.make_variants(*configs)
    branch = variants['a1'].model['backbone']['branch']
    assert branch['num_transformer_layers'] == 10
    assert set(variants['a1'].clips.values()) == {(3, 8, 224, 224)}
    assert {x.optimizer['type'] for x in variants.values()} == {'SGD'}
