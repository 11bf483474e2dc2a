"""Modalities are named by the config: the package knows none of them."""

import ast
import re

import pytest
from rooms import ROOT

# The generator of synthetic pairs writes the folders of NTU RGB+D.
FILES = sorted(
    path
    for path in (ROOT / 'mmbimodal').rglob('*.py')
    if 'synthetic' not in path.relative_to(ROOT).parts
)
# Alone, or as a part of a key such as rgb_imgs.
KEY = re.compile(
    r'(?:\w+_)?(?:rgb|ir|infrared|thermal|skeleton|pose|depth)(?:_\w+)?',
)
# Networks have a depth and people a skeleton, so fewer names are telling.
IDENTIFIER = re.compile(r'(?:\w+_)?(?:rgb|ir|infrared|thermal)(?:_\w+)?')


def docstrings(tree):
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    return {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, kinds) and ast.get_docstring(node) is not None
    }


def modality_names(source):
    """Line and text of literals and identifiers that name a modality."""
    tree = ast.parse(source)
    skipped = docstrings(tree)
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            name, pattern = node.value, KEY
        elif isinstance(node, ast.Name):
            name, pattern = node.id, IDENTIFIER
        elif isinstance(node, ast.Attribute):
            name, pattern = node.attr, IDENTIFIER
        elif isinstance(node, ast.arg | ast.keyword) and node.arg:
            name, pattern = node.arg, IDENTIFIER
        else:
            continue
        if id(node) not in skipped and pattern.fullmatch(name):
            found.append((node.lineno, name))
    return found


@pytest.mark.parametrize('path', FILES, ids=lambda x: str(x.relative_to(ROOT)))
def test_no_modality_names(path):
    assert modality_names(path.read_text()) == []


@pytest.mark.parametrize(
    'source, names',
    [
        ('"""rgb"""\nx = dict(a="ir")\ndef f():\n  "rgb"', ['ir']),
        ('x["rgb_imgs"]', ['rgb_imgs']),
        ('f(depth=3, thermal=1, kind="depth")', ['thermal', 'depth']),
        ('self.ir_head', ['ir_head']),
        ('"skeleton" + "a pose in words" + "first"', ['skeleton']),
    ],
)
def test_what_counts_as_a_name(source, names):
    assert sorted(x for _, x in modality_names(source)) == sorted(names)
