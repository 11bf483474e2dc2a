"""Every tool answers --help without heavy imports and explains each argument."""

import json
import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from mmbimodal.datasets.synthetic.handicaps import DIFFICULTIES

ROOT = Path(__file__).resolve().parents[2]
TOOLS = sorted(
    str(path.relative_to(ROOT / 'tools'))
    for path in (ROOT / 'tools').rglob('*.py')
    if '\ndef parse_args' in path.read_text(encoding='utf-8')
)
# Options that stand for the names of a config's modalities.
MODALITIES = {'infer.py': ('--rgb', '--ir')}
PAGES = [ROOT / 'README.md', ROOT / 'model_zoo.md', *(ROOT / 'docs').glob('*.md')]
REPORT = """
import argparse, json, os, runpy, sys

def report(parser, file=None):
    parser.format_help()  # a stray "%" would stop --help
    actions = parser._actions
    print(json.dumps(dict(
        options=[name for x in actions for name in x.option_strings],
        without_help=[x.dest for x in actions if not x.help],
        imported=sorted({'torch', 'mmengine', 'scipy', 'cv2'} & set(sys.modules)),
    )))

argparse.ArgumentParser.print_help = report
tool = sys.argv[1]
sys.argv = [tool, '--help']
sys.path[0] = os.path.dirname(tool)  # as if Python were told to run it
runpy.run_path(tool, run_name='__main__')
"""


@cache
def ask(tool):
    """What a tool's parser holds when it prints its help."""
    process = subprocess.run(
        [sys.executable, '-c', REPORT, str(ROOT / 'tools' / tool)],
        capture_output=True,
        text=True,
        env=dict(os.environ, PYTHONPATH=str(ROOT)),
    )
    assert process.returncode == 0, process.stderr
    return json.loads(process.stdout.splitlines()[-1])


@pytest.mark.parametrize('tool', TOOLS)
def test_every_argument_has_a_help_text(tool):
    assert ask(tool)['without_help'] == []


@pytest.mark.parametrize('tool', TOOLS)
def test_arguments_are_parsed_before_heavy_imports(tool):
    assert ask(tool)['imported'] == []


def test_generate_offers_every_difficulty(load_tool):
    tool = load_tool('data/synth/generate.py')
    assert set(tool.DIFFICULTIES) == set(DIFFICULTIES)


@pytest.mark.parametrize('page', PAGES, ids=[x.name for x in PAGES])
def test_commands_on_the_pages_use_options_that_exist(page):
    text = page.read_text(encoding='utf-8').replace('\\\n', ' ')
    unknown = []
    for tool, rest in re.findall(r'python\s+tools/(\S+\.py)([^`\n|]*)', text):
        if tool in TOOLS:
            options = re.findall(r'(?<!\S)(--[a-z0-9-]+)', rest)
            known = {*ask(tool)['options'], *MODALITIES.get(tool, ())}
            unknown += [f'{tool} {x}' for x in set(options) - known]
    assert unknown == []
