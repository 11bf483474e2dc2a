"""tools/download.py with the index of the repository."""

import hashlib
import io
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from mmengine.config import Config
from mmengine.runner import CheckpointLoader

from mmbimodal.apis import download, find_model, zoo
from mmbimodal.errors import InputError


@pytest.fixture
def run(load_tool, tmp_path, monkeypatch):
    monkeypatch.setenv(download.HOME_VARIABLE, str(tmp_path / 'cache'))
    monkeypatch.delenv(download.MIRROR_VARIABLE, raising=False)
    tool = load_tool('download.py')

    def call(*names, dest=None, list=False):
        tool.main(SimpleNamespace(names=names, dest=dest, list=list))

    return call


def test_weights_and_config_in_a_folder(run, tmp_path, capsys):
    """They are those that the name stands for."""
    run('staf_synth', dest=tmp_path / 'mine')
    weights, config = map(Path, capsys.readouterr().out.splitlines())
    original, released = find_model('staf_synth')
    assert weights.read_bytes() == Path(released).read_bytes()
    assert Config.fromfile(config).model == Config.fromfile(original).model
    assert sorted(x.suffix for x in (tmp_path / 'mine').iterdir()) == ['.pth', '.py']
    assert find_model(config, weights) == (str(config), str(weights))


def test_what_is_here_is_not_copied(run, tmp_path, capsys):
    run('staf_synth')
    assert capsys.readouterr().out.strip() == find_model('staf_synth')[1]
    assert not (tmp_path / 'cache').exists()


def test_pretrained_weights_from_a_folder(run, tmp_path, monkeypatch):
    """A file of that name that is another one is refused."""
    (tmp_path / 'resnet101-63fe2227.pth').write_bytes(b'not a ResNet')
    monkeypatch.setenv(download.MIRROR_VARIABLE, str(tmp_path))
    monkeypatch.setattr(torch.hub, 'get_dir', lambda: str(tmp_path / 'hub'))
    with pytest.raises(InputError, match='is not resnet101-63fe2227.pth: its sha256'):
        run('resnet101_in1k')


def test_pretrained_weights_go_where_the_configs_look(run, tmp_path, monkeypatch):
    """A training then finds them without a network."""
    monkeypatch.setattr(torch.hub, 'get_dir', lambda: str(tmp_path / 'hub'))
    content = io.BytesIO()
    torch.save(dict(a=torch.ones(1)), content)
    monkeypatch.setenv(download.MIRROR_VARIABLE, str(tmp_path))
    (tmp_path / 'resnet101-63fe2227.pth').write_bytes(content.getvalue())
    digest = hashlib.sha256(content.getvalue()).hexdigest()
    entry = zoo.read_index(zoo.index_root())['resnet101_in1k']
    monkeypatch.setitem(entry, 'SHA256', digest)
    run('resnet101_in1k')
    monkeypatch.delenv(download.MIRROR_VARIABLE)
    loaded = CheckpointLoader.load_checkpoint(entry['Weights'])
    assert loaded == dict(a=torch.ones(1))


def test_the_list(run, capsys):
    run(list=True)
    lines = dict(x.split(maxsplit=1) for x in capsys.readouterr().out.splitlines())
    assert lines['staf_infar'] == 'none yet'
    assert lines['timesformer_k400'].startswith('https://')


@pytest.mark.parametrize(
    'name, sentence',
    [
        ('staf_synt', "no model 'staf_synt' .* did you mean staf_synth"),
        ('staf_infar', 'no released weights yet: train it with .*staf_infar.py'),
        ('hiera_k400', 'authors of hiera_k400 publish no checksum'),
    ],
)
def test_mistakes(run, name, sentence):
    with pytest.raises(InputError, match=sentence):
        run(name)


@pytest.mark.parametrize('words', [[], ['staf_synth', '--list']])
def test_names_or_a_list(load_tool, monkeypatch, words):
    monkeypatch.setattr(sys, 'argv', ['download.py', *words])
    with pytest.raises(SystemExit):
        load_tool('download.py').parse_args()
