"""The Python example of the README runs."""

import re
from pathlib import Path

import torch
from mmaction.registry import MODELS
from mmengine.config import Config

ROOT = Path(__file__).resolve().parents[2]


def test_the_example(pairs, tmp_path, monkeypatch, capsys):
    page = (ROOT / 'README.md').read_text(encoding='utf-8')
    (example,) = re.findall(r'^```python\n(.*?)^```$', page, re.MULTILINE | re.DOTALL)
    assert len(example.splitlines()) <= 8
    config = Config.fromfile(ROOT / 'configs/staf_synth.py')
    checkpoint = dict(
        state_dict=MODELS.build(config.model).state_dict(),
        meta=dict(dataset_meta=dict(classes=[f'class {i}' for i in range(12)])),
    )
    (path,) = re.findall(r"'(work_dirs/.*?\.pth)'", example)
    Path(tmp_path, path).parent.mkdir(parents=True)
    torch.save(checkpoint, tmp_path / path)
    (tmp_path / 'configs').symlink_to(ROOT / 'configs')
    for link, name in (('a.avi', 'rgb'), ('b.avi', 'ir')):
        video = next((pairs / f'nturgb+d_{name}').glob('*.avi'))
        (tmp_path / link).symlink_to(video)
    monkeypatch.chdir(tmp_path)
    exec(compile(example, 'README.md', 'exec'), {})
    assert capsys.readouterr().out.startswith('class ')
    assert (tmp_path / 'found/a+b.png').read_bytes()[:4] == b'\x89PNG'
