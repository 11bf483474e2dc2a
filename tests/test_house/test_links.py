"""What the pages point to is there."""

import re
import subprocess

import pytest
from rooms import ROOT

PAGES = subprocess.run(
    ['git', 'ls-files', '--cached', '--others', '--exclude-standard', '*.md'],
    cwd=ROOT,
    capture_output=True,
    text=True,
    check=True,
).stdout.splitlines()
LINK = re.compile(r'\]\(([^)\s]+)\)|(?:src|href)="([^"]+)"')
# A path in code: `tools/train.py`, configs/baselines/*.py
PATH = re.compile(
    r'(?<![\w/.])(?:tools|configs|mmbimodal|tests|docs|resources)/[\w./*-]+'
)


def anchors(text):
    """Fragments of the headings, as GitHub makes them."""
    headings = re.findall(r'^#+ (.+)$', text, re.M)
    return {re.sub(r'[^\w\- ]', '', x.lower()).replace(' ', '-') for x in headings}


@pytest.mark.parametrize('page', PAGES)
def test_relative_links_resolve(page):
    text = (ROOT / page).read_text(encoding='utf-8')
    broken = []
    for groups in LINK.findall(text):
        link = ''.join(groups)
        if re.match(r'\w+:', link):
            continue
        name, _, fragment = link.partition('#')
        target = (ROOT / page).parent / name if name else ROOT / page
        if not target.exists() or (
            fragment and fragment not in anchors(target.read_text(encoding='utf-8'))
        ):
            broken.append(link)
    assert broken == []


@pytest.mark.parametrize('page', [x for x in PAGES if x != 'CHANGELOG.md'])
def test_named_paths_exist(page):
    """`` `tools/train.py` `` and paths in commands."""
    text = (ROOT / page).read_text(encoding='utf-8')
    code = '\n'.join(re.findall(r'```.*?```|`[^`]+`', text, re.S))
    missing = [
        path for path in PATH.findall(code) if not any(ROOT.glob(path.rstrip('./')))
    ]
    assert missing == []
