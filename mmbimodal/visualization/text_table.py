"""Tables as text."""

from collections.abc import Iterable, Iterator, Sequence
from statistics import mean, stdev


def markdown_lines(rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """A Markdown table, line by line as its rows come.

    Args:
        rows (Iterable[Sequence[str]]): Cells; the first row is the head.
    """
    for index, row in enumerate(rows):
        yield f'| {" | ".join(row)} |'
        if not index:
            yield f'| {" | ".join(["---"] * len(row))} |'


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
