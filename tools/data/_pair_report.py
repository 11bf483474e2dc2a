"""The report of check_pairs.py as tables and lines."""

from rich.console import Console
from rich.table import Table

SHOWN = 5
"""Lines of one kind that are printed; ``--json`` holds all."""


def show(report: dict) -> None:
    """Print tables, warnings and errors."""
    console = Console()
    if 'modalities' in report:
        console.print(_modality_table(report))
        console.print(_class_table(report))
    for kind, style in (('warnings', 'yellow'), ('errors', 'red')):
        lines = report[kind]
        for line in lines[:SHOWN]:
            console.print(
                f'{kind[:-1]}: {line}',
                style=style,
                markup=False,
                highlight=False,
                soft_wrap=True,
            )
        if len(lines) > SHOWN:
            console.print(
                f'and {len(lines) - SHOWN} more {kind}: --json FILE lists all',
                style=style,
            )
    console.print(f'{len(report["errors"])} errors, {len(report["warnings"])} warnings')


def _modality_table(report: dict) -> Table:
    table = Table('modality', 'files', 'sound', 'frames', 'fps', 'sizes')
    for name, row in report['modalities'].items():
        table.add_row(
            name,
            str(row['files']),
            str(row['sound']),
            '/'.join(map(str, row['frames'])),
            *(', '.join(map(str, row[key][:4])) for key in ('fps', 'sizes')),
        )
    return table


def _class_table(report: dict) -> Table:
    total = sum(report['classes'].values())
    table = Table('label', 'class', 'samples', 'share')
    for label, (name, count) in enumerate(report['classes'].items()):
        table.add_row(str(label), name, str(count), f'{count / total:.1%}')
    return table
