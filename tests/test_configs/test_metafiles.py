"""Every entry of the index against its file, its config and the tables."""

import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import yaml
from mmengine.config import Config

from mmbimodal.apis import get_complexity, get_model
from mmbimodal.apis.zoo import NO_WEIGHTS, read_index
from mmbimodal.datasets.synthetic import Request, Settings, generate

ROOT = Path(__file__).resolve().parents[2]
METAFILES = yaml.safe_load((ROOT / 'model-index.yml').read_text())['Import']
INDEX = read_index(ROOT)
MODELS = {name: entry for name, entry in INDEX.items() if 'Config' in entry}
FOREIGN = {name: entry for name, entry in INDEX.items() if 'Config' not in entry}
RELEASED = {name: x for name, x in MODELS.items() if x['Weights'] != NO_WEIGHTS}


def addresses(node):
    """Checkpoints that a config starts from."""
    if isinstance(node, dict):
        if node.get('type') == 'Pretrained':
            yield node['checkpoint']
        for value in node.values():
            yield from addresses(value)
    elif isinstance(node, (list, tuple)):
        for value in node:
            yield from addresses(value)


@pytest.mark.parametrize('path', METAFILES)
def test_a_metafile_is_as_the_tool_writes_it(path, monkeypatch):
    """A release changes the lines of its entry only."""
    monkeypatch.syspath_prepend(ROOT)
    from tools.publish import dump, head

    text = (ROOT / path).read_text(encoding='utf-8')
    content = yaml.safe_load(text)
    assert text == head(text) + dump(content)
    collections = {x['Name'] for x in content['Collections']}
    assert {x['In Collection'] for x in content['Models']} == collections
    assert all((ROOT / x['README']).is_file() for x in content['Collections'])


def test_the_index_holds_every_metafile_config_and_name_once():
    found = (ROOT / 'configs').rglob('metafile.yml')
    assert sorted(METAFILES) == sorted(str(x.relative_to(ROOT)) for x in found)
    texts = [yaml.safe_load((ROOT / x).read_text())['Models'] for x in METAFILES]
    assert len(INDEX) == sum(map(len, texts))
    configs = [*ROOT.glob('configs/*.py'), *ROOT.glob('configs/baselines/*.py')]
    assert sorted(x['Config'] for x in MODELS.values()) == sorted(
        str(path.relative_to(ROOT)) for path in configs
    )


@pytest.mark.parametrize('name', MODELS)
def test_an_entry_says_what_its_config_says(name):
    entry = MODELS[name]
    config = Config.fromfile(ROOT / entry['Config'])
    about = entry['Metadata']
    assert name == Path(entry['Config']).stem
    assert about['Epochs'] == config.train_cfg.max_epochs
    assert about['Batch Size'] == config.train_dataloader.batch_size
    command = f'python tools/train.py {entry["Config"]}'
    assert about['Training Command'].startswith(command)
    assert set(addresses(config.model)) <= {x['Weights'] for x in FOREIGN.values()}


def cost(name):
    found = get_complexity(str(ROOT / MODELS[name]['Config']))
    return dict(FLOPs=found['flops'], Parameters=found['params'])


@pytest.mark.parametrize('name', [x for x in MODELS if x.endswith('_synth')])
def test_its_cost_is_that_of_our_tools(name):
    assert cost(name).items() <= MODELS[name]['Metadata'].items()


@pytest.mark.slow
@pytest.mark.parametrize('name', [x for x in MODELS if not x.endswith('_synth')])
def test_the_cost_of_a_large_one(name):
    assert cost(name).items() <= MODELS[name]['Metadata'].items()


def test_foreign_weights_have_the_checksum_that_their_authors_publish():
    for entry in FOREIGN.values():
        digits = re.search(r'-([0-9a-f]{8,})\.pth$', entry['Weights'])
        assert entry.get('SHA256') == (digits and digits[1])
    used = {
        address
        for entry in MODELS.values()
        for address in addresses(Config.fromfile(ROOT / entry['Config']).model)
    }
    assert used == {x['Weights'] for x in FOREIGN.values()}


def test_the_folder_holds_what_the_index_names():
    names = [x[key] for x in RELEASED.values() for key in ('Weights', 'Training Log')]
    files = [x for x in (ROOT / 'checkpoints').iterdir() if x.is_file()]
    assert sorted(names) == sorted(str(x.relative_to(ROOT)) for x in files)
    assert sum(x.stat().st_size for x in files) < 40e6


@pytest.mark.parametrize('name', RELEASED)
def test_a_released_file(name):
    """Its name, size and sha256, and nothing in it but weights and their origin."""
    entry = RELEASED[name]
    content = (ROOT / entry['Weights']).read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    assert (entry['SHA256'], entry['Size']) == (digest, len(content))
    assert entry['Weights'] == f'checkpoints/{name}-{digest[:8]}.pth'
    loaded = torch.load(ROOT / entry['Weights'], weights_only=True)
    meta, about = loaded['meta'], entry['Metadata']
    assert set(loaded) == {'state_dict', 'meta'} and meta['name'] == name
    assert (meta['command'], meta['epoch']) == (
        about['Training Command'],
        about['Epochs'],
    )
    kinds = {str(x.dtype) for x in loaded['state_dict'].values()}
    assert kinds == {f'torch.{about["Precision"].split()[0]}'}
    config = Config.fromfile(ROOT / entry['Config'])
    assert Config.fromstring(meta['cfg'], '.py').model == config.model
    model = get_model(name, pretrained=True)
    assert len(model.dataset_meta['classes']) == config.model.cls_head.num_classes
    assert {x.dtype for x in model.parameters()} == {torch.float32}


@pytest.mark.parametrize('name', RELEASED)
def test_its_accuracy_is_that_of_the_log_and_the_tables(name):
    """The last validation of the training is the test, before the rounding."""
    entry = RELEASED[name]
    (result,) = entry['Results']
    top1 = result['Metrics']['Top 1 Accuracy']
    assert result['Command'] == f'python tools/test.py {name}'
    log = map(json.loads, (ROOT / entry['Training Log']).read_text().splitlines())
    last = [x for x in log if 'acc/top1' in x][-1]
    assert last['step'] == entry['Metadata']['Epochs']
    full = re.search(r'float32: ([\d.]+)', entry['Metadata']['Precision'])
    assert round(100 * last['acc/top1'], 2) == (float(full[1]) if full else top1)


def test_the_figures_of_the_readme():
    text = (ROOT / 'README.md').read_text(encoding='utf-8')
    rows = re.findall(r'^\| \[(\w+)\]\(.*?\), released \| (.*) \|$', text, re.MULTILINE)
    assert rows
    for name, cells in rows:
        about = RELEASED[name]['Metadata']
        metrics = RELEASED[name]['Results'][0]['Metrics']
        assert cells.split(' | ')[1:] == [
            f'{metrics["Top 1 Accuracy"]:.1f} %',
            f'{metrics["Top 5 Accuracy"]:.1f} %',
            f'{about["FLOPs"] / 1e9:.3f}',
            f'{about["Parameters"] / 1e6:.2f} M',
        ]


def test_the_table_of_released_models(monkeypatch):
    monkeypatch.syspath_prepend(ROOT)
    from tools.publish import PLACE, released_table

    page = (ROOT / 'model_zoo.md').read_text(encoding='utf-8')
    assert PLACE.findall(page) == [released_table(ROOT)]


@pytest.mark.slow
def test_the_accuracy_is_reproduced(tmp_path):
    """To the last digit, by the command of the entry, on pairs made anew."""
    generate(
        tmp_path / 'synth', Request(1440, 240, Settings(0, (112, 112), 'default')), 2
    )
    command = [sys.executable, str(ROOT / 'tools/test.py'), 'staf_synth']
    root = f'test_dataloader.dataset.data_root={tmp_path / "synth"}'
    out = subprocess.run(
        [*command, '--work-dir', str(tmp_path), '--cfg-options', root],
        cwd=ROOT,
        capture_output=True,
        text=True,
    ).stdout
    for key, metric in (('acc/top1', 'Top 1'), ('acc/top5', 'Top 5')):
        (value,) = re.findall(rf'^{key} +([\d.]+)$', out, re.MULTILINE)
        expected = RELEASED['staf_synth']['Results'][0]['Metrics'][f'{metric} Accuracy']
        assert float(value) == round(expected / 100, 4)
