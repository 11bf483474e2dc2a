"""The rules of ``rooms.py`` hold, and its checks find what breaks them."""

import pytest
from rooms import (
    RULES,
    broken_rules,
    circles,
    imports_of,
    main,
    read_modules,
    room_circles,
    room_of,
    siblings,
)


@pytest.fixture(scope='module')
def modules():
    return read_modules()


@pytest.fixture(scope='module')
def imports(modules):
    return imports_of(modules)


def test_every_module_lies_in_a_room(modules):
    folders = {'mmbimodal', 'mmbimodal.models'}
    assert [x for x in modules if room_of(x) in folders - {x}] == []


def test_no_arrow_points_upward(imports):
    assert [str(x) for x in broken_rules(imports)] == []


def test_no_circles(imports):
    assert circles((x.source, x.target) for x in imports) == []
    assert room_circles(imports) == []


def test_components_do_not_import_siblings(modules, imports):
    assert [str(x) for x in siblings(modules, imports)] == []


@pytest.fixture
def project(tmp_path):
    """A package of the given files."""

    def write(files):
        (tmp_path / 'tools').mkdir()
        for name, text in files.items():
            path = tmp_path / 'mmbimodal' / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path

    return write


@pytest.mark.parametrize(
    'path, text, target',
    [
        ('datasets/a.py', 'from mmbimodal.models import x', 'mmbimodal.models'),
        ('models/heads/a.py', 'from ..necks import b', 'mmbimodal.models.necks.b'),
        ('apis/a.py', 'def f():\n  from ..models.necks import b', None),
        ('compat/a.py', 'import mmbimodal.structures', 'mmbimodal.structures'),
        ('structures/a.py', 'from mmbimodal import apis', 'mmbimodal.apis'),
    ],
)
def test_broken_rules_are_found(project, path, text, target):
    names = ('models', 'models/heads', 'models/necks', 'apis', 'structures', 'compat')
    root = project(
        {f'{x}/__init__.py': '' for x in names} | {'models/necks/b.py': '', path: text}
    )
    (found,) = broken_rules(imports_of(read_modules(root)))
    assert found.source == f'mmbimodal.{path[:-3].replace("/", ".")}'
    assert found.target == (target or 'mmbimodal.models.necks.b')


def test_allowed_imports_are_not_found(project):
    root = project(
        {
            'errors.py': '',
            'structures/__init__.py': 'from ..errors import InputError',
            'models/__init__.py': 'from .heads import A',
            'models/layers/__init__.py': '',
            'models/heads/__init__.py': 'from .a import A',
            'models/heads/a.py': 'from mmbimodal.structures import T\n'
            'from ..layers import MLP\nimport torch',
        }
    )
    imports = imports_of(read_modules(root))
    assert len(imports) == 5
    assert broken_rules(imports) == room_circles(imports) == []


@pytest.mark.parametrize('bases, count', [('', 1), ('(Base)', 0)])
def test_a_component_may_only_inherit(project, bases, count):
    root = project(
        {
            'models/heads/base.py': 'class Base: pass',
            'models/heads/a.py': f'from .base import Base\nclass A{bases}: pass',
        }
    )
    modules = read_modules(root)
    assert len(siblings(modules, imports_of(modules))) == count


def test_circles_are_found():
    assert circles([('a', 'b'), ('b', 'c'), ('c', 'b'), ('c', 'd')]) == [['b', 'c']]
    assert circles([('a', 'b'), ('b', 'c'), ('a', 'c')]) == []


def test_the_report_counts_lines_and_faults(project, capsys):
    root = project(
        {'errors.py': 'import mmbimodal.compat\n\n', 'compat/__init__.py': ''}
    )
    assert main(root) == 1
    out = capsys.readouterr().out
    assert 'package: 2 files, 2 lines, median 1, longest mmbimodal.errors (2)' in out
    assert 'upward arrows: 1\n  mmbimodal.errors:1 imports mmbimodal.compat' in out


def test_the_rules_themselves_have_no_circle():
    edges = [(a, b) for a, targets in RULES.items() for b in targets]
    upward = [(a, b) for a, b in edges if not a.startswith(b)]
    assert circles(upward) == []
