"""Models by name, from an index of the test's own and from that of the repository."""

import hashlib
from pathlib import Path

import pytest
import torch
import yaml
from mmaction.registry import MODELS

from mmbimodal.apis import (
    MMBimodalInferencer,
    download,
    fetch_weights,
    find_config,
    find_model,
    get_model,
    list_models,
    zoo,
)
from mmbimodal.errors import InputError


@pytest.fixture
def index(tiny_config, tmp_path, monkeypatch):
    """A folder with an index of a released, an untrained and a foreign entry."""
    root = tmp_path / 'root'
    (root / 'checkpoints').mkdir(parents=True)
    tiny_config.dump(root / 'tiny.py')
    torch.manual_seed(1)
    weights = MODELS.build(tiny_config.model).state_dict()
    meta = dict(dataset_meta=dict(classes=[f'class {k}' for k in range(12)]))
    torch.save(dict(state_dict=weights, meta=meta), root / 'checkpoints/tiny-1.pth')
    content = (root / 'checkpoints/tiny-1.pth').read_bytes()
    tiny = dict(Name='tiny', Config='tiny.py', Weights='checkpoints/tiny-1.pth')
    tiny.update(SHA256=hashlib.sha256(content).hexdigest(), Size=len(content))
    models = [
        tiny,
        dict(Name='tiny_other', Config='tiny.py', Weights='none yet'),
        dict(Name='foreign', Weights='https://127.0.0.1/f-12.pth', SHA256='12'),
        dict(Name='unsigned', Weights='https://127.0.0.1/f.pth'),
    ]
    (root / 'metafile.yml').write_text(yaml.safe_dump(dict(Models=models)))
    (root / 'model-index.yml').write_text('Import: [metafile.yml]\n')
    monkeypatch.setattr(zoo, 'index_root', lambda: root)
    monkeypatch.setenv(download.HOME_VARIABLE, str(tmp_path / 'cache'))
    monkeypatch.delenv(download.MIRROR_VARIABLE, raising=False)
    return root


def test_names(index):
    assert list_models() == ['tiny', 'tiny_other']
    assert list_models('*other') == ['tiny_other']
    assert list_models('foreign') == []


def test_a_model_with_and_without_its_weights(index):
    saved = torch.load(index / 'checkpoints/tiny-1.pth', weights_only=True)
    torch.manual_seed(0)
    for pretrained in (True, False):
        model = get_model('tiny', pretrained)
        assert not model.training
        alike = [
            torch.equal(x, saved['state_dict'][k])
            for k, x in model.state_dict().items()
        ]
        assert all(alike) == pretrained
    assert get_model('tiny', True).dataset_meta == saved['meta']['dataset_meta']


def test_a_name_is_its_config_and_weights(index, tmp_path):
    config, weights = str(index / 'tiny.py'), str(index / 'checkpoints/tiny-1.pth')
    assert find_model('tiny') == (config, weights)
    assert find_model('tiny', 'mine.pth') == (config, 'mine.pth')
    assert find_model('tiny_other', 'mine.pth') == (config, 'mine.pth')
    assert find_model(config, 'mine.pth') == (config, 'mine.pth')
    assert find_model(index / 'tiny.py', 'mine.pth') == (config, 'mine.pth')
    assert find_config('tiny_other') == config
    assert not (tmp_path / 'cache').exists()


def test_the_inferencer_takes_a_name(index, tiny_config, pairs):
    file = dict(ir=next((pairs / 'nturgb+d_ir').glob('*.avi')))
    config, weights = find_model('tiny')
    one, other = (
        MMBimodalInferencer(*x, device='cpu')(file)['predictions'][0]['scores']
        for x in (['tiny'], [config, weights])
    )
    assert one == other


@pytest.mark.parametrize(
    'name, checkpoint, sentence',
    [
        ('tini', None, "no model 'tini' and no config of this path: did you mean tiny"),
        ('resnet', None, 'the models are tiny, tiny_other'),
        ('nowhere.py', None, 'the config nowhere.py does not exist'),
        ('nowhere.py', 'a.pth', 'the config nowhere.py does not exist'),
        ('tiny_other', None, 'tiny_other has no released weights yet: train it with'),
        ('foreign', None, 'foreign is the weights of a backbone, no model'),
    ],
)
def test_mistakes(index, name, checkpoint, sentence):
    with pytest.raises(InputError, match=sentence):
        find_model(name, checkpoint)


def test_a_config_without_checkpoint(index):
    with pytest.raises(InputError, match='no checkpoint beside it: .* model .tiny.:?'):
        find_model(index / 'tiny.py')


def test_weights_that_cannot_be_verified(index):
    with pytest.raises(InputError, match='authors of unsigned publish no checksum'):
        fetch_weights('unsigned')


def test_the_weights_are_verified_before_they_are_loaded(index):
    """Changed weights beside the index are refused, and not copied to the cache."""
    path = index / 'checkpoints/tiny-1.pth'
    path.write_bytes(path.read_bytes()[:-1] + b'x')
    with pytest.raises(InputError, match='tiny-1.pth is not .*: its sha256 starts'):
        get_model('tiny', pretrained=True)
    assert not list(download.cache_folder().glob('*.pth'))


def test_an_index_without_the_files(index, tmp_path, monkeypatch):
    """As in a package that is installed without them: a mirror has them."""
    mirror = tmp_path / 'mirror'
    (index / 'checkpoints').rename(mirror)
    with pytest.raises(
        InputError, match='tiny-1.pth does not exist: set MMBIMODAL_MIR'
    ):
        fetch_weights('tiny')
    monkeypatch.setenv(download.MIRROR_VARIABLE, mirror.as_uri())
    assert fetch_weights('tiny') == tmp_path / 'cache/tiny-1.pth'
    monkeypatch.delenv(download.MIRROR_VARIABLE)
    assert fetch_weights('tiny') == tmp_path / 'cache/tiny-1.pth'  # no network
    assert fetch_weights('tiny', mirror) == mirror / 'tiny-1.pth'


def test_the_index_of_the_repository():
    """It is found from any folder, and lists STAF in all its sizes."""
    assert list_models('staf*') == ['staf_infar', 'staf_ntu60_xview', 'staf_synth']
    assert Path(find_config('tsm_infar')).is_file()
