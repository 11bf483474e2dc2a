"""Tables as text."""

import io
from collections.abc import Iterable, Sequence
from statistics import mean, stdev

from rich import box
from rich.console import Console
from rich.table import Table


def markdown_lines(rows: Iterable[Sequence[str]]) -> list[str]:
    """The lines of a Markdown table.

    Args:
        rows (Iterable[Sequence[str]]): Cells; the first row is the head.
    """
    text = io.StringIO()
    console = Console(file=text, width=10_000, markup=False, emoji=False)
    console.print(_table(rows, box.MARKDOWN))
    return [line.rstrip() for line in text.getvalue().splitlines() if line.strip()]


def print_table(rows: Iterable[Sequence[str]], markdown: bool = False) -> None:
    """Print a table, however narrow the terminal is.

    Args:
        rows (Iterable[Sequence[str]]): Cells; the first row is the head.
        markdown (bool): As Markdown. Defaults to False.
    """
    if markdown:
        print('\n'.join(markdown_lines(rows)))
    else:
        Console(width=200, markup=False).print(_table(rows, box.SIMPLE_HEAD))


def _table(rows: Iterable[Sequence[str]], style: box.Box) -> Table:
    head, *body = rows
    table = Table(box=style)
    for index, title in enumerate(head):
        table.add_column(title, justify='right' if index else 'left', no_wrap=True)
    for row in body:
        table.add_row(*row)
    return table


def mean_deviation(values: Sequence[float]) -> str:
    """``mean ± sample standard deviation`` to one digit.

    Args:
        values (Sequence[float]): One figure of each seed; a single one has
            no deviation, none at all gives a dash.
    """
    if not len(values):
        return '–'
    text = f'{mean(values):.1f}'
    return text if len(values) == 1 else f'{text} ± {stdev(values):.1f}'
