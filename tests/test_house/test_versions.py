"""One version everywhere, and the checks of CI are those of the hooks."""

import re

import yaml
from rooms import ROOT

from mmbimodal.version import __version__


def test_the_changelog_and_the_citation_name_the_version():
    changelog = (ROOT / 'CHANGELOG.md').read_text()
    released = re.findall(
        r'^## \[(\d+\.\d+\.\d+)\] - \d{4}-\d\d-\d\d$', changelog, re.M
    )
    assert released[0] == __version__
    assert released == sorted(released, key=lambda x: [*map(int, x.split('.'))])[::-1]
    citation = yaml.safe_load((ROOT / 'CITATION.cff').read_text())
    assert citation['version'] == __version__


def test_hooks_need_no_network():
    hooks = yaml.safe_load((ROOT / '.pre-commit-config.yaml').read_text())['repos']
    assert {repo['repo'] for repo in hooks} == {'local'}
    assert all(x['language'] == 'system' for repo in hooks for x in repo['hooks'])
