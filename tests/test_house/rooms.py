"""Who may import whom: the rules between the rooms of the package.

``python tests/test_house/rooms.py`` prints the size of every room and each
import that breaks a rule; ``test_rooms.py`` asserts that there is none.
"""

import ast
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from statistics import median
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]

_BASE = ('mmbimodal.errors', 'mmbimodal.structures')
_MODEL = (*_BASE, 'mmbimodal.models.layers', 'mmbimodal.models.weights')
# room: what it may import beside itself and upstream. Of two rooms that fit a
# module, the one with the longer name holds it.
RULES: dict[str, tuple[str, ...]] = {
    'mmbimodal': ('mmbimodal',),
    'mmbimodal.errors': (),
    'mmbimodal.version': (),
    'mmbimodal.compat': ('mmbimodal.errors',),
    'mmbimodal.structures': ('mmbimodal.errors',),
    'mmbimodal.models': ('mmbimodal.models',),
    'mmbimodal.models.layers': _BASE,
    'mmbimodal.models.weights': (*_BASE, 'mmbimodal.models.layers'),
    'mmbimodal.models.backbones': _MODEL,
    'mmbimodal.models.necks': _MODEL,
    'mmbimodal.models.heads': _MODEL,
    'mmbimodal.models.losses': _MODEL,
    'mmbimodal.models.recognizers': _MODEL,
    'mmbimodal.models.data_preprocessors': _MODEL,
    'mmbimodal.datasets': (*_BASE, 'mmbimodal.datasets'),
    'mmbimodal.datasets.transforms': (*_BASE, 'mmbimodal.datasets'),
    'mmbimodal.datasets.synthetic': (*_BASE, 'mmbimodal.datasets'),
    'mmbimodal.engine': _BASE,
    'mmbimodal.evaluation': _BASE,
    'mmbimodal.visualization': _BASE,
    'mmbimodal.apis': (
        *_BASE,
        'mmbimodal.version',
        'mmbimodal.datasets.sample',
        'mmbimodal.datasets.skeleton',
        'mmbimodal.datasets.windows',
        'mmbimodal.visualization',
    ),
    'mmbimodal.experiments': (
        *_BASE,
        'mmbimodal.apis',
        'mmbimodal.evaluation',
        'mmbimodal.visualization',
    ),
    'tools': ('mmbimodal',),
}
# Folders of components, which meet in configs: one imports another of its
# folder only to inherit from it.
COMPONENTS = (
    'mmbimodal.models.backbones',
    'mmbimodal.models.necks',
    'mmbimodal.models.heads',
    'mmbimodal.models.losses',
    'mmbimodal.models.recognizers',
    'mmbimodal.models.data_preprocessors',
    'mmbimodal.datasets.transforms',
    'mmbimodal.engine.hooks',
)


class Module(NamedTuple):
    """A file of the package or of the tools."""

    path: Path
    tree: ast.Module
    num_lines: int


class Import(NamedTuple):
    """One module imports another; ``str`` gives one line of a report."""

    source: str
    target: str
    line: int

    def __str__(self) -> str:
        return f'{self.source}:{self.line} imports {self.target}'


def read_modules(root: Path = ROOT) -> dict[str, Module]:
    """Every Python file of the package and the tools, by dotted name."""
    modules = {}
    for folder in ('mmbimodal', 'tools'):
        for path in sorted((root / folder).rglob('*.py')):
            parts = path.relative_to(root).with_suffix('').parts
            name = '.'.join(parts[:-1] if parts[-1] == '__init__' else parts)
            text = path.read_text(encoding='utf-8')
            modules[name] = Module(path, ast.parse(text), len(text.splitlines()))
    return modules


def imports_of(modules: dict[str, Module]) -> list[Import]:
    """Imports between these modules, those inside functions included."""
    found = []
    for name, module in modules.items():
        for node in ast.walk(module.tree):
            for target in _targets(name, module.path, node):
                # `from package import module` or `from module import name`
                while target not in modules and '.' in target:
                    target = target.rpartition('.')[0]
                if target in modules and target != name:
                    found.append(Import(name, target, node.lineno))
    return sorted(set(found))


def _targets(name: str, path: Path, node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (x.name for x in node.names)
    elif isinstance(node, ast.ImportFrom):
        base = node.module or ''
        if node.level:
            parts = name.split('.')
            package = parts if path.name == '__init__.py' else parts[:-1]
            package = package[: len(package) - node.level + 1]
            base = '.'.join([*package, base] if base else package)
        yield from (f'{base}.{x.name}' for x in node.names)


def within(name: str, room: str) -> bool:
    return name == room or name.startswith(f'{room}.')


def room_of(name: str) -> str:
    return max((x for x in RULES if within(name, x)), key=len)


def broken_rules(imports: Iterable[Import]) -> list[Import]:
    """Imports of rooms that the importing room must not know."""
    return [
        x
        for x in imports
        if room_of(x.target) != room_of(x.source)
        and not any(within(x.target, y) for y in RULES[room_of(x.source)])
    ]


def siblings(modules: dict[str, Module], imports: Iterable[Import]) -> list[Import]:
    """Components that import another of their folder and do not inherit from it."""
    found = []
    for x in imports:
        package = x.source.rpartition('.')[0]
        if package in COMPONENTS and x.target.rpartition('.')[0] == package:
            ours = [
                y for y in modules[x.source].tree.body if isinstance(y, ast.ClassDef)
            ]
            bases = {ast.unparse(base) for y in ours for base in y.bases}
            theirs = {
                y.name
                for y in modules[x.target].tree.body
                if isinstance(y, ast.ClassDef)
            }
            if not bases & theirs:
                found.append(x)
    return found


def circles(edges: Iterable[tuple[str, str]]) -> list[list[str]]:
    """Groups of names that reach each other."""
    reach: dict[str, set[str]] = {}
    for source, target in edges:
        reach.setdefault(source, set()).add(target)
    grown = True
    while grown:
        grown = False
        for name, targets in reach.items():
            more = set().union(*(reach.get(x, set()) for x in targets)) - targets
            if more:
                targets |= more
                grown = True
    groups = {
        tuple(sorted(x for x in targets if name in reach.get(x, ())))
        for name, targets in reach.items()
        if name in targets
    }
    return sorted(map(list, groups))


def room_circles(imports: Iterable[Import]) -> list[list[str]]:
    """Rooms that import each other; a package may import the rooms in it."""
    edges = {(room_of(x.source), room_of(x.target)) for x in imports}
    return circles((a, b) for a, b in edges if a != b and not within(b, a))


def _sizes(root: Path) -> Iterator[tuple[str, list[int]]]:
    folders: dict[str, list[int]] = {}
    for folder in ('mmbimodal', 'tools', 'configs', 'tests'):
        for path in (root / folder).rglob('*'):
            if path.suffix in ('.py', '.sh'):
                depth = {'mmbimodal': 3, 'tools': 1}.get(folder, 1)
                parts = path.relative_to(root).parts[:-1][:depth]
                size = len(path.read_text(encoding='utf-8').splitlines())
                folders.setdefault('/'.join(parts), []).append(size)
    yield from sorted(folders.items())


def main(root: Path) -> int:
    """Print the report.

    Returns:
        int: Exit status, 1 where an import breaks a rule.
    """
    modules = read_modules(root)
    imports = imports_of(modules)
    print(f'{"room":<34}{"files":>6}{"lines":>7}{"longest":>9}')
    for folder, sizes in _sizes(root):
        print(f'{folder:<34}{len(sizes):>6}{sum(sizes):>7}{max(sizes):>9}')
    ours = {k: x for k, x in modules.items() if within(k, 'mmbimodal')}
    longest = max(ours, key=lambda name: ours[name].num_lines)
    lines = [x.num_lines for x in ours.values()]
    print(
        f'package: {len(lines)} files, {sum(lines)} lines, '
        f'median {median(lines):.0f}, longest {longest} ({max(lines)})'
    )
    faults = {
        'circles between modules': circles((x.source, x.target) for x in imports),
        'circles between rooms': room_circles(imports),
        'upward arrows': broken_rules(imports),
        'imports of sibling components': siblings(modules, imports),
    }
    for title, found in faults.items():
        print(f'{title}: {len(found)}')
        for fault in found:
            print(f'  {fault if isinstance(fault, Import) else " ↔ ".join(fault)}')
    return int(any(faults.values()))


if __name__ == '__main__':
    sys.exit(main(Path(sys.argv[1]) if sys.argv[1:] else ROOT))
