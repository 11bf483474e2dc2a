"""Tables as text."""

from collections.abc import Iterable, Iterator, Sequence
from statistics import mean, stdev

from rich import box
from rich.console import Console
from rich.table import Table


def markdown_lines(rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """A Markdown table, line by line as its rows come.

    Args:
        rows (Iterable[Sequence[str]]): Cells; the first row is the head.
    """
    for index, row in enumerate(rows):
        yield f'| {" | ".join(row)} |'
        if not index:
            yield f'| {" | ".join(["---"] * len(row))} |'


def print_table(rows: Sequence[Sequence[str]], markdown: bool = False) -> None:
    """Print a table, however narrow the terminal is.

    Args:
        rows (Sequence[Sequence[str]]): Cells; the first row is the head.
        markdown (bool): As Markdown. Defaults to False.
    """
    table = Table(box=box.MARKDOWN if markdown else box.SIMPLE_HEAD)
    for index, title in enumerate(rows[0]):
        table.add_column(title, justify='right' if index else 'left', no_wrap=True)
    for row in rows[1:]:
        table.add_row(*row)
    Console(width=200, markup=False).print(table)


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
