"""Each shim works, and is still needed: when a test named
``test_…_still_…`` turns red, upstream has mended it and the shim can go."""

import hashlib
import inspect
import os
import pickle
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import mmaction
import mmengine.dist.utils
import mmengine.optim
import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer
from mmengine.runner import CheckpointLoader
from mmengine.runner.checkpoint import load_from_http as upstream_http

import mmbimodal.compat
from mmbimodal.compat import (
    amp_on_cpu,
    checkpoint,
    cpu_distributed,
    localizers,
    versions,
)
from mmbimodal.errors import InputError

without_gpu = pytest.mark.skipif(
    torch.cuda.is_available(), reason='applies to machines without GPU'
)


def run_python(code):
    return subprocess.run(
        [sys.executable, '-W', 'ignore', '-c', code], capture_output=True, text=True
    )


def test_apply_twice_changes_nothing():
    from mmaction.models.heads import BaseHead

    before = BaseHead.loss_by_feat
    mmbimodal.compat.apply()
    assert BaseHead.loss_by_feat is before


# -- localizers -------------------------------------------------------------


def test_released_mmaction_still_lacks_drn():
    folder = Path(mmaction.__file__).parent / 'models/localizers/drn'
    assert not folder.exists()


def test_importing_mmaction_models_still_fails_alone():
    result = run_python('import mmaction.models')
    assert "No module named 'mmaction.models.localizers.drn'" in result.stderr


def test_the_placeholder_says_what_to_do():
    from mmaction.models.localizers import DRN

    with pytest.raises(ImportError, match='from its sources'):
        DRN()


def test_no_stub_where_the_folder_is_there(monkeypatch):
    monkeypatch.setattr(localizers, 'drn_is_missing', lambda: False)
    name = 'mmaction.models.localizers.drn'
    monkeypatch.delitem(sys.modules, name)
    localizers.stub_missing_drn()
    assert name not in sys.modules


def test_mmaction_still_does_not_declare_importlib_metadata():
    declared = metadata.requires('mmaction2')
    assert not any(
        r.replace('-', '_').startswith('importlib_metadata') for r in declared
    )


# -- scipy.stats ------------------------------------------------------------


def test_mmaction_still_imports_all_of_scipy_stats():
    result = run_python(
        'import sys, mmaction.datasets\n'
        'assert "scipy.stats" not in sys.modules, "loaded"'
    )
    assert 'AssertionError: loaded' in result.stderr


def test_the_package_imports_scipy_stats_when_it_is_used():
    result = run_python(
        'import sys, mmbimodal\n'
        'assert not {"scipy.stats", "scipy.io"} & set(sys.modules)\n'
        'from mmaction.datasets.transforms import pose_transforms\n'
        'assert pose_transforms.get_mode([1, 2, 2]).mode == 2\n'
        'import scipy.stats\n'
        'assert scipy.stats.norm.cdf(0) == 0.5\n'
    )
    assert result.returncode == 0, result.stderr


# -- registries -------------------------------------------------------------


def test_initialisers_are_still_missing_without_mmaction_engine():
    result = run_python(
        'from mmbimodal.compat import localizers\n'
        'localizers.stub_missing_drn()\n'
        'import mmaction.models\n'
        'from mmengine.registry import WEIGHT_INITIALIZERS as W\n'
        'assert W.get("ConvBranch") is None, "registered"\n'
    )
    assert result.returncode == 0, result.stderr


def test_tanet_initialises_outside_a_runner():
    from mmaction.registry import MODELS

    model = MODELS.build(dict(type='TANet', depth=50, num_segments=8, tam_cfg=dict()))
    model.init_weights()


# -- versions ---------------------------------------------------------------


@pytest.mark.parametrize(
    'package, version, remedy',
    [
        ('mmengine', '0.9.1', "pip install 'mmengine>=0.10.7,<1.0'"),
        ('mmcv', '2.2.0', "pip install 'mmcv-lite==2.1.0'"),
        ('torch', '1.13.1', "pip install 'torch>=2.1'"),
    ],
)
def test_wrong_version_is_one_sentence(monkeypatch, package, version, remedy):
    real = versions.installed_version
    monkeypatch.setattr(
        versions,
        'installed_version',
        lambda name: version if name == package else real(name),
    )
    with pytest.raises(ImportError) as error:
        versions.check()
    assert f'{package} {version} is installed' in str(error.value)
    assert str(error.value).endswith(remedy)


def test_missing_package_is_one_sentence(monkeypatch):
    def version(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, 'version', version)
    with pytest.raises(ImportError, match='mmaction2.*not installed'):
        versions.installed_version('mmaction2')


def test_local_versions_of_torch_are_in_range(monkeypatch):
    real = versions.installed_version
    monkeypatch.setattr(
        versions,
        'installed_version',
        lambda name: '2.13.0+cu130' if name == 'torch' else real(name),
    )
    versions.check()


# -- checkpoints ------------------------------------------------------------


def training_checkpoint(path):
    buffer = HistoryBuffer([1.0, 2.0], [1, 1])
    torch.save(
        dict(
            state_dict=dict(weight=torch.ones(2)),
            message_hub=dict(loss=buffer, lr=np.float64(0.1), count=np.array([1, 2])),
        ),
        path,
    )


def test_training_checkpoint_loads_with_weights_only(tmp_path):
    path = tmp_path / 'epoch_1.pth'
    training_checkpoint(path)
    loaded = CheckpointLoader.load_checkpoint(str(path), 'cpu')
    assert loaded['message_hub']['loss'].mean() == 1.5
    assert loaded['message_hub']['count'].tolist() == [1, 2]


def test_history_buffer_is_still_refused_by_plain_torch(tmp_path):
    path = tmp_path / 'epoch_1.pth'
    training_checkpoint(path)
    result = run_python(
        'import torch\nfrom mmengine.logging import '
        f'HistoryBuffer\ntorch.load({str(path)!r})'
    )
    assert 'HistoryBuffer' in result.stderr
    assert 'UnpicklingError' in result.stderr


@pytest.mark.parametrize(
    'owner, name',
    [
        (HistoryBuffer, '__init__'),
        (HistoryBuffer, 'register_statistics'),
        (os, 'system'),
        (HistoryBuffer.mean, '__globals__'),
    ],
)
def test_checkpoint_getattr_serves_statistics_only(owner, name):
    assert checkpoint.allowed_attribute(HistoryBuffer, 'mean') is HistoryBuffer.mean
    with pytest.raises(pickle.UnpicklingError):
        checkpoint.allowed_attribute(owner, name)


def test_the_state_of_a_one_cycle_schedule_loads(tmp_path):
    from mmengine.optim import OneCycleLR

    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], 0.1)
    path = tmp_path / 'epoch_1.pth'
    torch.save([OneCycleLR(optimizer, 0.1, total_steps=9).state_dict()], path)
    (state,) = CheckpointLoader.load_checkpoint(str(path), 'cpu')
    assert state['anneal_func'](0.0, 1.0, 1.0) == 1.0


class Malicious:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


def test_malicious_pickle_is_refused_and_not_executed(tmp_path):
    path, trace = tmp_path / 'evil.pth', tmp_path / 'executed'
    torch.save(dict(state_dict={}, extra=Malicious(str(trace))), path)
    with pytest.raises(
        InputError, match='evil.pth is refused, nothing of it was executed'
    ):
        CheckpointLoader.load_checkpoint(str(path), 'cpu')
    assert not trace.exists()


def test_truncated_checkpoint_is_named(tmp_path):
    path = tmp_path / 'epoch_1.pth'
    training_checkpoint(path)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(
        InputError,
        match='epoch_1.pth is truncated or damaged: download or copy it again',
    ):
        CheckpointLoader.load_checkpoint(str(path), 'cpu')


@pytest.mark.parametrize('content', [b'', b'hello, world\n' * 9])
def test_a_file_that_is_no_checkpoint_is_named(tmp_path, content):
    path = tmp_path / 'notes.pth'
    path.write_bytes(content)
    with pytest.raises(InputError, match='notes.pth is'):
        CheckpointLoader.load_checkpoint(str(path), 'cpu')


def test_missing_checkpoint_is_named(tmp_path):
    with pytest.raises(InputError, match='none.pth does not exist'):
        CheckpointLoader.load_checkpoint(str(tmp_path / 'none.pth'), 'cpu')


def serve(tmp_path, monkeypatch, content):
    """Downloads copy ``content`` instead of reaching for the network."""

    def download(url, path, hash_prefix):
        digest = hashlib.sha256(content).hexdigest()
        if not digest.startswith(hash_prefix or ''):
            raise RuntimeError('invalid hash value')
        Path(path).write_bytes(content)

    monkeypatch.setattr(checkpoint, 'download_url_to_file', download)
    return hashlib.sha256(content).hexdigest()[:8]


def test_download_verifies_the_checksum_in_the_name(tmp_path, monkeypatch):
    torch.save(dict(weight=torch.ones(3)), tmp_path / 'source.pth')
    content = (tmp_path / 'source.pth').read_bytes()
    sha8 = serve(tmp_path, monkeypatch, content)
    load = checkpoint.load_from_http
    loaded = load(
        f'https://zoo.example/m_2022-{sha8}.pth', 'cpu', str(tmp_path / 'cache')
    )
    assert loaded['weight'].tolist() == [1, 1, 1]
    with pytest.raises(InputError, match='could not be downloaded'):
        load('https://zoo.example/m_2022-00000000.pth', 'cpu', str(tmp_path / 'cache'))
    with pytest.raises(InputError, match=f'no checksum.*{checkpoint.TRUST_VARIABLE}=1'):
        load('https://zoo.example/m.pth', 'cpu', str(tmp_path / 'cache'))


def test_the_first_download_is_trusted_with_consent_only(tmp_path, monkeypatch):
    """Its checksum is recorded; another file under that name is refused."""
    torch.save(dict(weight=torch.ones(3)), tmp_path / 'source.pth')
    serve(tmp_path, monkeypatch, (tmp_path / 'source.pth').read_bytes())
    cache = tmp_path / 'cache'

    def load():
        return checkpoint.load_from_http('https://zoo.example/m.pth', 'cpu', str(cache))

    monkeypatch.setenv(checkpoint.TRUST_VARIABLE, '1')
    assert load()['weight'].tolist() == [1, 1, 1]
    digest, name = (cache / 'm.pth.sha256').read_text().split()
    assert name == 'm.pth'
    assert digest == hashlib.sha256((cache / 'm.pth').read_bytes()).hexdigest()
    monkeypatch.delenv(checkpoint.TRUST_VARIABLE)
    assert load()['weight'].tolist() == [1, 1, 1]
    torch.save(dict(weight=torch.zeros(3)), cache / 'm.pth')
    with pytest.raises(InputError, match='m.pth is not the file that was trusted'):
        load()


def test_mmaction_still_has_weights_without_checksum():
    folder = Path(mmaction.__file__).parent
    found = {
        url
        for path in folder.rglob('*.py')
        for url in re.findall(r"https://[^'\"\s]+\.pth", path.read_text())
        if not checkpoint.HASH_REGEX.search(url)
    }
    assert found


def test_upstream_still_downloads_without_checksum():
    assert 'check_hash' not in inspect.getsource(upstream_http)


# -- CPU --------------------------------------------------------------------


@without_gpu
def test_mixed_precision_on_cpu_is_bfloat16():
    from mmaction.registry import OPTIM_WRAPPERS

    layer = torch.nn.Linear(4, 4)
    wrapper = OPTIM_WRAPPERS.build(
        dict(
            type='AmpOptimWrapper',
            loss_scale='dynamic',
            optimizer=torch.optim.SGD(layer.parameters(), 0.1),
        )
    )
    with wrapper.optim_context(layer):
        assert layer(torch.ones(1, 4)).dtype == torch.bfloat16


@without_gpu
def test_upstream_still_refuses_mixed_precision_on_cpu():
    layer = torch.nn.Linear(1, 1)
    with pytest.raises(AssertionError, match='only available'):
        mmengine.optim.AmpOptimWrapper(
            optimizer=torch.optim.SGD(layer.parameters(), 0.1)
        )


def test_float16_on_cpu_is_one_sentence():
    layer = torch.nn.Linear(1, 1)
    with pytest.raises(ValueError, match='on CPU is bfloat16'):
        amp_on_cpu.CPUAmpOptimWrapper(
            dtype='float16', optimizer=torch.optim.SGD(layer.parameters(), 0.1)
        )


@without_gpu
def test_upstream_still_sets_a_cuda_device_on_cpu(monkeypatch):
    result = run_python(
        'import os\n'
        'os.environ.update(RANK="0", LOCAL_RANK="0", WORLD_SIZE="1",\n'
        '    MASTER_ADDR="127.0.0.1", MASTER_PORT="29999")\n'
        'from mmengine.dist import init_dist\n'
        'init_dist("pytorch", backend="gloo")\n'
    )
    assert result.returncode != 0
    assert 'set_device' in result.stderr


@without_gpu
def test_the_runner_uses_our_processes_on_cpu():
    from mmengine.runner import runner

    assert (
        runner.MMDistributedDataParallel is cpu_distributed.CPUDistributedDataParallel
    )
    assert mmengine.dist.utils._init_dist_pytorch is cpu_distributed._init_gloo


# -- bfloat16 ---------------------------------------------------------------


def test_numpy_accuracy_still_refuses_bfloat16():
    from mmaction.models.heads import BaseHead
    from mmaction.structures import ActionDataSample

    class Head(BaseHead):
        def forward(self, x):
            return x

    head = Head(num_classes=2, in_channels=2)
    logits = torch.zeros(1, 2, dtype=torch.bfloat16)
    samples = [ActionDataSample().set_gt_label(0)]
    with pytest.raises(TypeError, match='BFloat16'):
        BaseHead.loss_by_feat.__wrapped__(head, logits, samples)
    assert torch.isfinite(head.loss_by_feat(logits, samples)['loss_cls'])


# -- import time ------------------------------------------------------------


def test_import_is_light():
    """Nothing slow beyond MMAction2's own imports is loaded eagerly."""
    result = run_python(
        'import sys\n'
        'from mmbimodal import compat\n'
        'compat.apply()\n'
        'import mmbimodal\n'
        'heavy = {"matplotlib.pyplot", "decord", "sklearn"}\n'
        'print(sorted(heavy & set(sys.modules)))'
    )
    assert result.stdout.strip() == '[]', result.stdout + result.stderr
