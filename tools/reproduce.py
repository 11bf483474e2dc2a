"""Train and test every row of a table, and write the table.

    reproduce.py table2 --dataset synth --seeds 0 1 2
    reproduce.py table3 --dataset synth --rows selection --jobs 2
    reproduce.py table2 --dataset synth --report-only

A row is a config and options (configs/experiments/*.yml). Interrupted at any
moment, the same command goes on; runs that tables share are trained once; any
number of these commands can work at the same time. The results are those of
the last epoch.
"""

import argparse
import shlex
import sys
from pathlib import Path

from mmbimodal.apis import one_sentence
from mmbimodal.errors import InputError
from mmbimodal.experiments import (
    Run,
    collect,
    execute_all,
    load_table,
    merge_results,
    table_names,
    write_report,
)

CONFIGS = Path('configs')
TABLES = CONFIGS / 'experiments'


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('table', metavar='TABLE', help=', '.join(table_names(TABLES)))
    parser.add_argument(
        '--dataset', required=True, metavar='NAME', help='synth, infar or ntu60'
    )
    parser.add_argument(
        '--seeds',
        nargs='+',
        type=int,
        default=[0],
        metavar='N',
        help='a run of every row for each (default: 0)',
    )
    parser.add_argument('--rows', nargs='+', metavar='ROW', help='only these rows')
    parser.add_argument(
        '--jobs',
        type=int,
        default=1,
        metavar='N',
        help='runs at a time, which share cores and GPUs (default: 1)',
    )
    parser.add_argument(
        '--work-dir',
        type=Path,
        default=Path('work_dirs/reproduce'),
        metavar='DIR',
        help='default: work_dirs/reproduce',
    )
    parser.add_argument(
        '--report-only',
        action='store_true',
        help='write the table of what is done, train nothing',
    )
    parser.add_argument(
        '--merge',
        nargs='+',
        default=[],
        metavar='FILE',
        help='take over the runs of these results.json from other machines',
    )
    return parser.parse_args()


def command(args: argparse.Namespace) -> str:
    """What trains and tests the same rows."""
    words = [
        'python',
        sys.argv[0],
        args.table,
        '--dataset',
        args.dataset,
        '--seeds',
        *map(str, args.seeds),
    ]
    if args.rows:
        words += ['--rows', *args.rows]
    return shlex.join(words)


def main(args: argparse.Namespace) -> None:
    if args.jobs < 1:
        raise InputError(f'--jobs {args.jobs}: at least 1 run at a time')
    table = load_table(TABLES, args.table, args.dataset, args.rows)
    folder = args.work_dir / args.dataset
    pretrained = table.pretrained and Run(table.pretrained, 0, CONFIGS, folder / 'runs')
    runs = [
        [Run(row, seed, CONFIGS, folder / 'runs', pretrained) for seed in args.seeds]
        for row in table.rows
    ]
    for path in args.merge:
        count = merge_results([run for seeds in runs for run in seeds], path)
        print(f'{path}: {count} runs taken over')

    def report() -> None:
        write_report(table, collect(table, runs), folder / table.name, command(args))

    if not args.report_only:
        if pretrained:
            execute_all([pretrained], 1)
        # One seed of all rows before the next; a row may stand twice.
        order = {run.folder: run for seed in zip(*runs) for run in seed}
        execute_all(list(order.values()), args.jobs, report)
    report()
    print((folder / table.name / 'table.md').read_text())


if __name__ == '__main__':
    with one_sentence():
        main(parse_args())
