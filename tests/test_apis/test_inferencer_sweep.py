"""Every recognizer of the toolbox works in the inferencer."""

import numpy as np
import pytest
import torch
from mmaction.registry import MODELS
from mmengine.config import Config
from test_configs.shrink import CONFIGS, FILES, shrink

from mmbimodal.apis import MMBimodalInferencer, build_test_set
from mmbimodal.experiments import load_table

FUSIONS = load_table(CONFIGS / 'experiments', 'table2', 'synth').rows
SYNTH = [path for path in FILES if path.stem.endswith('_synth')]


def check(config, root, tmp_path):
    """Two files, one file, and the test set itself agree."""
    settings = config.test_dataloader.dataset
    settings.data_root = str(root)
    for step in settings.pipeline:
        if 'truth_file' in step:
            step['truth_file'] = str(root / 'truth.json')
    torch.manual_seed(0)
    model = MODELS.build(config.model)
    model.init_weights()
    path = tmp_path / 'model.pth'
    torch.save(model.state_dict(), path)
    inferencer = MMBimodalInferencer(config, path, 'cpu')
    samples = [build_test_set(config).get_data_info(i) for i in range(2)]
    known = settings.modalities
    rows = [
        dict(
            {name: x['modalities'][name]['filename'] for name in known},
            sample_id=x['sample_id'],
        )
        for x in samples
    ]
    alone = {name: rows[1][name] for name in ('sample_id', known[-1])}
    found = inferencer([rows[0], alone], batch_size=2)['predictions']
    for row, prediction in zip([rows[0], alone], found):
        (single,) = inferencer(row)['predictions']
        np.testing.assert_allclose(single['scores'], prediction['scores'], atol=1e-5)
        assert sum(prediction['scores']) == pytest.approx(1, abs=1e-4)
    with torch.no_grad():
        packed = build_test_set(config)[0]
        batch = {name: [x] for name, x in packed['inputs'].items()}
        data = dict(inputs=batch, data_samples=[packed['data_samples']])
        (tested,) = inferencer.model.test_step(data)
    np.testing.assert_allclose(found[0]['scores'], tested.pred_score, atol=1e-5)
    return found[0]


@pytest.mark.parametrize('path', SYNTH, ids=[x.stem for x in SYNTH])
def test_configs(path, request, tmp_path):
    config = Config.fromfile(path)
    shrink(config)
    tracked = 'skeleton' in config.test_dataloader.dataset.modalities
    root = request.getfixturevalue('tracked_pairs' if tracked else 'pairs')
    found = check(config, root, tmp_path)
    selects = config.model.get('neck', {}).get('type', '').endswith('Selector')
    assert ('key_frames' in found) == selects


@pytest.mark.parametrize('row', FUSIONS, ids=[x.name for x in FUSIONS])
def test_fusions(row, pairs, tmp_path):
    config = Config.fromfile(CONFIGS / row.config)
    config.merge_from_dict(row.options)
    found = check(config, pairs, tmp_path)
    if config.model.cls_head.type in ('ScoreAverageHead', 'TMCHead', 'QMFHead'):
        assert list(found['branches']) == ['rgb', 'ir']
