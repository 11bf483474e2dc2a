"""The Python example of the README runs."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_example(pairs, tmp_path, monkeypatch, capsys):
    page = (ROOT / 'README.md').read_text(encoding='utf-8')
    (example,) = re.findall(r'^```python\n(.*?)^```$', page, re.MULTILINE | re.DOTALL)
    assert len(example.splitlines()) <= 8
    for link, name in (('a.avi', 'rgb'), ('b.avi', 'ir')):
        video = next((pairs / f'nturgb+d_{name}').glob('*.avi'))
        (tmp_path / link).symlink_to(video)
    monkeypatch.chdir(tmp_path)
    exec(compile(example, 'README.md', 'exec'), {})
    out = capsys.readouterr().out.splitlines()
    scores = [float(line.split()[1]) for line in out]
    assert len(out) == 5 and sum(scores) <= 1 and scores == sorted(scores)[::-1]
    assert (tmp_path / 'found/a+b.png').read_bytes()[:4] == b'\x89PNG'
