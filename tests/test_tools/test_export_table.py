"""The table of what exports to ONNX."""

import re

import pytest
from mmengine.config import Config

from mmbimodal import apis
from mmbimodal.errors import InputError

pytest.importorskip('onnxscript', reason='needs onnxscript: pip install .[export]')
pytest.importorskip('onnxruntime', reason='needs onnxruntime: pip install .[export]')


@pytest.fixture
def tool(load_tool):
    return load_tool('analysis/export_table.py')


def test_every_small_model_has_a_row(tool):
    names = [name for name, _ in tool.list_configs()]
    assert len(names) == len(set(names))
    for name in ('staf_synth', 'tanet_synth', 'stgcn_nw_ucla', 'Table 2: TMC'):
        assert name in names
    assert not any('infar' in name or 'oracle' in name for name in names)


def test_model_zoo_has_a_row_for_each(tool):
    page = (tool.CONFIGS.parent / 'model_zoo.md').read_text(encoding='utf-8')
    section = page.partition('## Export to ONNX')[2].partition('\n## ')[0]
    rows = re.findall(r'^\| ([^|]+?) +\|', section, re.MULTILINE)
    head, _, *names = rows
    assert head == 'model'
    assert sorted(names) == sorted(name for name, _ in tool.list_configs())


def test_rows(tool, monkeypatch):
    config = Config.fromfile(tool.CONFIGS / 'skeleton/stgcn_nw_ucla.py')
    name, size, width, difference = tool.cells('ST-GCN', config)
    assert name == 'ST-GCN' and re.fullmatch(r'2\.\d\d MB', size)
    assert float(difference) < 1e-5 < float(width)

    def fail(*_):
        raise InputError('ONNX has no operator for aten.x')

    monkeypatch.setattr(apis, 'export_onnx', fail)
    row = tool.cells('ST-GCN', config)
    assert row == ['ST-GCN', 'none: ONNX has no operator for aten.x', '', '']
