"""tools/publish.py on a repository of the test's own."""

import hashlib
import json
from types import SimpleNamespace

import pytest
import torch
import yaml
from mmaction.registry import MODELS

from mmbimodal.apis import find_model, zoo
from mmbimodal.errors import InputError

HEAD = '# A comment\n# stays.\n'
CLASSES = [f'class {k}' for k in range(12)]
COMMAND = 'python tools/train.py tiny.py --seed 1'


@pytest.fixture
def tool(load_tool, tmp_path, tiny_config, monkeypatch):
    """The tool in a folder with an index of one model."""
    tool = load_tool('publish.py')
    tiny_config.dump(tmp_path / 'tiny.py')
    about = {'Training Data': 'pairs'}
    entry = dict(Name='tiny', Config='tiny.py', Metadata=about, Weights='none yet')
    other = dict(Name='other', Metadata={}, Weights='x.pth')
    (tmp_path / 'metafile.yml').write_text(
        HEAD + tool.dump(dict(Models=[other, entry]))
    )
    (tmp_path / 'model-index.yml').write_text('Import: [metafile.yml]\n')
    page = 'Text\n<!-- released -->\n<!-- /released -->\nmore\n'
    (tmp_path / 'model_zoo.md').write_text(page)
    monkeypatch.setattr(tool, 'ROOT', tmp_path)
    monkeypatch.setattr(zoo, 'index_root', lambda: tmp_path)
    zoo.read_index.cache_clear()
    yield tool
    zoo.read_index.cache_clear()


@pytest.fixture
def train(tiny_config, tmp_path):
    """Writes what a training leaves behind."""

    def write(seed=0, change=lambda checkpoint: None):
        torch.manual_seed(seed)
        weights = MODELS.build(tiny_config.model).state_dict()
        meta = dict(dataset_meta=dict(classes=CLASSES), cfg=tiny_config.pretty_text)
        meta.update(epoch=3, time='now')
        checkpoint = dict(meta=meta, state_dict=weights, optimizer=dict(state={}))
        change(checkpoint)
        folder = tmp_path / 'work'
        for part in ('1', '2'):
            (folder / part / 'vis_data').mkdir(parents=True, exist_ok=True)
            (folder / part / 'vis_data/scalars.json').write_text(
                f'{{"step": {part}}}\n'
            )
        torch.save(checkpoint, folder / 'epoch_3.pth')
        return folder / 'epoch_3.pth'

    return write


def publish(tool, checkpoint, half=False, name='tiny'):
    tool.main(
        SimpleNamespace(checkpoint=checkpoint, name=name, command=COMMAND, half=half)
    )


def test_a_release(tool, train, tmp_path):
    """A model that is trained anew replaces the files of the first one."""
    publish(tool, train(), half=True)
    text = (tmp_path / 'metafile.yml').read_text()
    assert text.startswith(HEAD + 'Models:\n- Name: other\n  Metadata: {}\n')
    first = zoo.read_index(tmp_path)['tiny']
    digest = hashlib.sha256((tmp_path / first['Weights']).read_bytes()).hexdigest()
    assert first['SHA256'] == digest and digest[:8] in first['Weights']
    assert find_model('tiny')[1] == str(tmp_path / first['Weights'])
    (result,) = first['Results']
    metrics = result['Metrics']
    assert metrics['Top 1 Accuracy'] in [round(100 * k / 12, 2) for k in range(13)]
    assert result['Samples'] == 12
    saved = torch.load(tmp_path / first['Weights'], weights_only=True)
    assert set(saved) == {'state_dict', 'meta'}
    assert saved['meta']['dataset_meta'] == dict(classes=CLASSES)
    assert saved['meta']['command'] == first['Metadata']['Training Command'] == COMMAND
    original = torch.load(tmp_path / 'work/epoch_3.pth', weights_only=True)[
        'state_dict'
    ]
    for key, tensor in saved['state_dict'].items():
        assert tensor.dtype == torch.float16
        torch.testing.assert_close(tensor, original[key].half(), rtol=0, atol=0)
    log = (tmp_path / first['Training Log']).read_text().splitlines()
    assert [json.loads(x)['step'] for x in log] == [1, 2]
    page = (tmp_path / 'model_zoo.md').read_text()
    assert page.startswith('Text\n') and page.endswith('more\n')
    assert f'| {metrics["Top 1 Accuracy"]:.2f} % |' in page

    content = (tmp_path / first['Weights']).read_bytes()
    tool.measure = lambda *_: dict(top1=50.0, top5=60.0, samples=12)
    publish(tool, train(), half=True)  # the same weights make the same file
    assert (tmp_path / first['Weights']).read_bytes() == content
    publish(tool, train(seed=1))
    second = yaml.safe_load((tmp_path / 'metafile.yml').read_text())['Models'][1]
    assert second['Metadata']['Precision'] == 'float32'
    assert sorted(x.name for x in (tmp_path / 'checkpoints').iterdir()) == [
        f'tiny-{second["SHA256"][:8]}.{x}' for x in ('json', 'pth')
    ]
    assert '50.00 %' in (tmp_path / 'model_zoo.md').read_text()


def test_half_precision_that_costs_accuracy(tool, train, tmp_path):
    found = iter([49.0, 50.0])
    tool.measure = lambda *_: dict(top1=next(found), top5=60.0, samples=12)
    with pytest.raises(InputError, match='half precision costs accuracy'):
        publish(tool, train(), half=True)
    assert not (tmp_path / 'checkpoints').exists()


@pytest.mark.parametrize(
    'change, sentence',
    [
        (lambda x: x['meta'].pop('cfg'), 'no class names or no config'),
        (lambda x: x['meta'].update(dataset_meta={}), 'no class names or no config'),
        (
            lambda x: x['meta'].update(cfg=x['meta']['cfg'].replace('k1=', 'k1=0*')),
            'was trained with another model',
        ),
        (
            lambda x: x['state_dict']['cls_head.fc_cls.bias'].fill_(1e6),
            'not finite in half precision: leave --half out',
        ),
        (lambda x: x['state_dict'].popitem(), 'does not fit'),
    ],
)
def test_what_is_not_released(tool, train, tmp_path, change, sentence):
    with pytest.raises(InputError, match=sentence):
        publish(tool, train(change=change), half=True)
    assert not (tmp_path / 'checkpoints').exists()


def test_a_model_without_entry_or_log(tool, train, tmp_path):
    with pytest.raises(InputError, match="no model 'tini' .* did you mean tiny"):
        publish(tool, train(), name='tini')
    checkpoint = train().rename(tmp_path / 'epoch_3.pth')
    with pytest.raises(InputError, match='has no log'):
        publish(tool, checkpoint)
