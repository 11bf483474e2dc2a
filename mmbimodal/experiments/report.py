"""What came out of a table: Markdown, CSV, JSON and a chart."""

import csv
import io
import json
import shlex
from collections.abc import Sequence
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np
from mmengine import fileio

from mmbimodal.errors import InputError
from mmbimodal.evaluation import paired_test
from mmbimodal.visualization import (
    markdown_lines,
    mean_deviation,
    save_png,
    table_figure,
)

from .run import Run
from .table import Row, Table

# Row → seed → what its test gave.
Results = dict[str, dict[int, dict[str, Any]]]
_FILES = ('config', 'checkpoint', 'log')


def collect(table: Table, runs: Sequence[Run], *reports: Path) -> Results:
    """All rows and seeds that are finished here or in an earlier report.

    Args:
        table (Table): The table.
        runs (Sequence[Run]): One run of each row, of any seed.
        reports (Path): ``results.json`` of earlier reports, of which the
            last ones count most, and a run that is here more than they.

    Raises:
        InputError: An earlier report holds a run that the table has no place
            for: the new report would have fewer.
    """
    rows = {row.name: row for row in table.rows}
    found: Results = {name: {} for name in rows}
    for path in filter(Path.is_file, reports):
        for name, run in _read(path):
            _check_place(path, name, run, rows)
            found[name][run['seed']] = run
    for name, row in zip(rows, runs):
        found[name] |= {result['seed']: result for result in row.results}
    return {name: dict(sorted(seeds.items())) for name, seeds in found.items()}


def _read(path: Path) -> list[tuple[str, dict[str, Any]]]:
    """Name of the row and result of each run of an earlier report."""
    try:
        rows = json.loads(path.read_text(encoding='utf-8'))['rows']
        return [(row['name'], run) for row in rows for run in row['runs']]
    except (OSError, ValueError, TypeError, LookupError) as error:
        raise InputError(
            f'{path} is not the results.json of a table ({error!r}): restore it'
        ) from error


def _check_place(path: Path, name: str, run: dict, rows: dict[str, Row]) -> None:
    """Refuse a run of an earlier report that the table no longer describes."""
    if name not in rows:
        fault = f'the row {name!r}, which the table no longer has'
    else:
        other = [
            key
            for key, value in run['options'].items()
            if key != 'pretrained' and value != rows[name].options.get(key)
        ]
        if not other:
            return
        fault = f'{name!r} with another {", ".join(other)}'
    raise InputError(
        f'{path} holds {fault}, and a report never has fewer runs than the one '
        'before: give the new experiment a table or a data set of its own in '
        'configs/experiments'
    )


def write_report(table: Table, results: Results, folder: Path) -> None:
    """Write ``table.md``, ``table.csv``, ``results.json`` and ``chart.png``.

    Args:
        table (Table): The table.
        results (Results): Of :func:`collect`.
        folder (Path): Where to.
    """
    seeds = sorted({seed for runs in results.values() for seed in runs})
    words = ['python', 'tools/reproduce.py', table.name, '--dataset', table.dataset]
    command = shlex.join([*words, '--seeds', *map(str, seeds or [0])])
    done = sum(map(len, results.values()))
    total = len(table.rows) * max(len(seeds), 1)
    partial = '' if done == total else f' (partial: {done} of {total} runs)'
    title = f'{table.title}, {table.dataset}{partial}'
    records = _records(table, results)
    content = dict(
        table=table.name,
        title=title,
        dataset=table.dataset,
        note=table.note,
        command=command,
        rows=[
            dict(name=x.name, paper=x.paper, runs=list(results[x.name].values()))
            for x in table.rows
        ],
    )
    text = json.dumps(content, indent=1, ensure_ascii=False)
    fileio.put_text(text + '\n', folder / 'results.json')
    names = [
        name
        for name in records[0]
        if name not in _FILES and any(x[name] for x in records)
    ]
    rows = [names, *([x[name] for name in names] for x in records)]
    lines = [f'### {title}', '', f'`{command}`', '', table.note, '']
    machines = {
        run['machine']
        for runs in results.values()
        for run in runs.values()
        if 'machine' in run  # the earliest results do not say it
    }
    if machines:
        lines += [f'Machine: {"; ".join(sorted(machines))}.', '']
    lines += markdown_lines(rows)
    fileio.put_text('\n'.join(lines) + '\n', folder / 'table.md')
    sheet = io.StringIO()
    csv.writer(sheet).writerows([records[0], *(x.values() for x in records)])
    fileio.put_text(sheet.getvalue(), folder / 'table.csv')
    if done:
        draw_chart(table, results, title, folder / 'chart.png')


def draw_chart(table: Table, results: Results, title: str, path: Path) -> None:
    """Top-1 of each row, with chance."""
    runs = [run for seeds in results.values() for run in seeds.values()]
    samples = {run['samples'] for run in runs}
    figure = table_figure(
        {name: [x['top1'] for x in seeds.values()] for name, seeds in results.items()},
        title,
        f'top-1 in %, {" or ".join(map(str, sorted(samples)))} test samples',
        chance=100 / max(run['classes'] for run in runs),
        axis=table.axis,
    )
    save_png(figure, path)


def _records(table: Table, results: Results) -> list[dict[str, str]]:
    """The lines of the table as text."""
    # data sets of the paper, in the order of the first row that has them
    papers = dict.fromkeys(name for row in table.rows for name in row.paper)
    records = []
    for row in table.rows:
        runs = list(results[row.name].values())
        minutes = [x['core_minutes'] for x in runs if x['core_minutes']]
        record = {'row': row.name}
        for key, name in (('top1', 'top-1 in %'), ('top5', 'top-5 in %')):
            record[name] = mean_deviation([run[key] for run in runs])
        for name in row.subsets:
            figures = [_subset_top1(run, name) for run in runs]
            record[f'top-1 in %, {name}'] = mean_deviation(figures)
        if table.reference:
            record[f'against {table.reference}'] = _against(
                results[table.reference], results[row.name]
            )
        record['seeds'] = str(len(runs))
        record['core minutes'] = f'{mean(minutes):.1f}' if minutes else '–'
        for key, name in (('gflops', 'GFLOPs'), ('mparams', 'M parameters')):
            record[name] = f'{runs[0][key]:.3f}' if runs else ''
        for name in papers:
            figures = row.paper.get(name, [])
            record[f"the paper's, {name}"] = ' / '.join(f'{x:.2f}' for x in figures)
        records.append(record | {key: runs[0][key] if runs else '' for key in _FILES})
    return records


def _subset_top1(run: dict[str, Any], name: str) -> float:
    """Top-1 of a run on a part of the test set, in %."""
    if name not in run.get('subsets', {}):
        raise InputError(
            f'{Path(run["log"]).parent} was tested before {name!r} was a part of the '
            'test set: remove its result.json, and the same command completes it'
        )
    return run['subsets'][name]['top1']


def _against(reference: dict[int, dict], row: dict[int, dict]) -> str:
    """Difference in points and its p-value, over the seeds that both have."""
    shared = [x for x in reference if x in row and 'right' in reference[x]]
    shared = [x for x in shared if 'right' in row[x]]
    if reference is row or not shared:
        return ''
    first, second = (
        np.array([_unpack(runs[seed]) for seed in shared]) for runs in (reference, row)
    )
    found = paired_test(first, second)
    return f'{100 * found.difference:+.1f} (p = {found.p_value:.2g})'


def _unpack(run: dict[str, Any]) -> np.ndarray:
    """Whether each test sample is right, N, bool."""
    packed = np.frombuffer(bytes.fromhex(run['right']), np.uint8)
    return np.unpackbits(packed, count=run['samples']).astype(bool)
