"""Modalities are named by the config: the package knows none of them."""

import ast
from pathlib import Path

import pytest

import mmbimodal

ROOT = Path(mmbimodal.__file__).parent
# The generator of synthetic pairs writes the folders of NTU RGB+D.
FILES = sorted(
    x for x in ROOT.rglob('*.py') if ROOT / 'datasets' / 'synthetic' not in x.parents
)


def docstrings(tree):
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    return {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, kinds) and node.body and isinstance(node.body[0], ast.Expr)
    }


def literals(source):
    tree = ast.parse(source)
    skipped = docstrings(tree)
    return [
        (node.lineno, node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and id(node) not in skipped
        and node.value in ('rgb', 'ir')
    ]


@pytest.mark.parametrize('path', FILES, ids=[str(x.relative_to(ROOT)) for x in FILES])
def test_no_modality_names(path):
    assert literals(path.read_text()) == []


def test_the_test_finds_names_but_not_in_docstrings():
    assert literals('"""rgb"""\nx = dict(a="ir")\ndef f():\n  "rgb"') == [(2, 'ir')]
