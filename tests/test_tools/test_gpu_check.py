"""The logic of gpu_check.py, on a tiny model and the CPU."""

import pytest
import torch
from mmengine.config import Config

from mmbimodal.apis import benchmark_models


@pytest.fixture
def tool(load_tool):
    return load_tool('analysis/gpu_check.py')


@pytest.fixture
def task(tool):
    files = ('baselines/timesformer_synth.py', 'staf_synth.py')
    baseline, staf = (Config.fromfile(tool.CONFIGS / x) for x in files)
    head = dict(in_channels=16, num_heads=2)
    staf.model.cls_head.update(head)
    staf.model.neck.update(in_channels=16, num_samples=10)
    size = dict(num_frames=2, img_size=32, embed_dims=16, num_heads=2, num_layers=2)
    variants = benchmark_models.make_variants(baseline, staf, **size)
    return tool.Task(variants['d'], 'cpu', 2, 'eager')


def test_every_check_passes_on_the_cpu(tool, task, capsys):
    names = [x for x in tool.CHECKS if x != 'benchmark']
    assert tool.run_checks(task, names) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [x.split(' (')[0] for x in lines] == names
    assert all(' s): ok, ' in x for x in lines)
    assert 'tensors agree' in lines[-1]


def test_a_failure_is_one_line_and_the_others_run(tool, task, monkeypatch, capsys):
    def broken(task):
        raise RuntimeError('out of memory')

    monkeypatch.setitem(tool.CHECKS, 'broken', broken)
    assert tool.run_checks(task, ['broken', 'peak memory']) == 1
    first, second = capsys.readouterr().out.splitlines()
    assert 'FAILED, RuntimeError: out of memory' in first and 'ok' in second


def test_what_is_wrong_is_found(tool, task):
    steps = task.build()
    with torch.no_grad():
        next(steps.model.parameters()).fill_(torch.nan)
    with pytest.raises(tool.CheckFailed, match='the loss is nan'):
        tool.train(steps, steps.model, task.variant.optimizer)
    x = torch.zeros(2, 3)
    for wrong in (x + 0.01, x + torch.nan):
        with pytest.raises(tool.CheckFailed, match='logits differ by'):
            tool.compare(wrong, x)


@pytest.mark.skipif(torch.cuda.is_available(), reason='for machines without GPU')
def test_without_a_gpu_it_says_so(tool):
    with pytest.raises(SystemExit, match='sees no GPU: install a build for your card'):
        tool.main([])
