"""What came out of a table: Markdown, CSV, JSON and a chart."""

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from statistics import mean
from typing import Any, NamedTuple

from mmbimodal.datasets.annotation import write_text
from mmbimodal.visualization import (
    markdown_lines,
    mean_deviation,
    save_png,
    table_figure,
)

from .run import Run
from .table import Row, Table


class RowResult(NamedTuple):
    """Results of a row's seeds.

    Args:
        row (Row): The row.
        runs (list[dict]): Results of the seeds that are done.
        seeds (int): How many seeds were asked for.
    """

    row: Row
    runs: list[dict[str, Any]]
    seeds: int

    def values(self, key: str) -> list[float]:
        """One figure of every finished seed that has it."""
        return [run[key] for run in self.runs if run[key] is not None]


def collect(table: Table, runs: Sequence[Sequence[Run]]) -> list[RowResult]:
    """Read what is done.

    Args:
        table (Table): The table.
        runs (Sequence[Sequence[Run]]): For each row its seeds.
    """
    return [
        RowResult(row, [x.result for x in seeds if x.result], len(seeds))
        for row, seeds in zip(table.rows, runs)
    ]


def write_report(
    table: Table, results: Sequence[RowResult], folder: Path, command: str
) -> None:
    """Write ``table.md``, ``table.csv``, ``results.json`` and ``chart.png``.

    Args:
        table (Table): The table.
        results (Sequence[RowResult]): Its rows.
        folder (Path): Where to.
        command (str): What the reader has to call for the same.
    """
    title = _title(table, results)
    # data sets of the paper, in the order of the first row that has them
    papers = dict.fromkeys(name for x in results for name in x.row.paper)
    records = [_record(x, list(papers)) for x in results]
    write_text(str(folder / 'table.md'), _markdown(table, title, records, command))
    write_text(str(folder / 'table.csv'), _csv(records))
    write_text(
        str(folder / 'results.json'),
        json.dumps(
            dict(
                table=table.name,
                title=title,
                dataset=table.dataset,
                note=table.note,
                command=command,
                rows=[
                    dict(name=x.row.name, paper=x.row.paper, runs=x.runs)
                    for x in results
                ],
            ),
            indent=1,
            ensure_ascii=False,
        )
        + '\n',
    )
    if any(x.runs for x in results):
        save_png(
            table_figure(
                {x.row.name: x.values('top1') for x in results},
                title,
                'top-1 in %, test pairs',
                axis=table.axis,
            ),
            str(folder / 'chart.png'),
        )


def _title(table: Table, results: Sequence[RowResult]) -> str:
    done = sum(len(x.runs) for x in results)
    asked = sum(x.seeds for x in results)
    partial = '' if done == asked else f' (partial: {done} of {asked} runs)'
    return f'{table.title}, {table.dataset}{partial}'


def _record(result: RowResult, papers: Sequence[str]) -> dict[str, str]:
    """One line of the table as text."""
    first = result.runs[0] if result.runs else {}

    def number(key: str, digits: int) -> str:
        return f'{first[key]:.{digits}f}' if first else ''

    record = {'': result.row.name}
    for key, name in (('top1', 'top-1'), ('top5', 'top-5')):
        record[f'{name} in %'] = mean_deviation(result.values(key))
    record['seeds'] = str(len(result.runs))
    minutes = result.values('core_minutes')
    record['core minutes'] = f'{mean(minutes):.1f}' if minutes else '–'
    record['GFLOPs'] = number('gflops', 3)
    record['M parameters'] = number('mparams', 3)
    for name in papers:
        record[f"the paper's, {name}"] = ' / '.join(
            f'{x:.2f}' for x in result.row.paper.get(name, [])
        )
    for key in ('config', 'checkpoint', 'log'):
        record[key] = first.get(key, '')
    return record


def _markdown(
    table: Table, title: str, records: list[dict[str, str]], command: str
) -> str:
    """The table without columns that are empty, files below it."""
    files = ('config', 'checkpoint', 'log')
    names = [
        name
        for name in records[0]
        if name not in files and any(x[name] for x in records)
    ]
    lines = [f'### {title}', '', f'`{command}`', '', table.note, '']
    lines += markdown_lines([names, *([x[name] for name in names] for x in records)])
    lines += ['', 'Config, checkpoint and log of the first seed:', '']
    lines += [
        f'- {x[""]}: ' + ', '.join(f'`{x[name]}`' for name in files)
        for x in records
        if x['config']
    ]
    return '\n'.join(lines) + '\n'


def _csv(records: list[dict[str, str]]) -> str:
    file = io.StringIO()
    writer = csv.DictWriter(file, ['row', *list(records[0])[1:]])
    writer.writeheader()
    for record in records:
        writer.writerow({key or 'row': value for key, value in record.items()})
    return file.getvalue()
