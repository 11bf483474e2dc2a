"""Train and test every row of a table, and write the table.

    reproduce.py table2 --dataset synth --seeds 0 1 2
    reproduce.py table3 --dataset synth --rows selection --jobs 2
    reproduce.py table2 --dataset synth --report-only --publish

A row is a config and options (configs/experiments/*.yml). Interrupted at any
moment, the same command goes on; tables share the runs that are the same; any
number of these commands can work at the same time. The last epoch is tested.
The table shows all rows and seeds that are finished or published, whichever
are trained.
"""

import argparse
import sys
from pathlib import Path

CONFIGS = Path('configs')
TABLES = CONFIGS / 'experiments'
PUBLISHED = Path('resources/tables')


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = sorted({x.stem for x in TABLES.glob('*.yml')} - {'protocols'})
    parser.add_argument('table', metavar='TABLE', help=', '.join(names))
    parser.add_argument(
        '--dataset',
        required=True,
        metavar='NAME',
        help='synth, distractor, infar, ntu60 or nw_ucla',
    )
    parser.add_argument(
        '--seeds',
        nargs='+',
        type=int,
        default=[0],
        metavar='N',
        help='train every row once with each (default: 0)',
    )
    parser.add_argument('--rows', nargs='+', metavar='ROW', help='train only these')
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
    parser.add_argument('--report-only', action='store_true', help='train nothing')
    parser.add_argument(
        '--publish',
        action='store_true',
        help=f'write the table to {PUBLISHED} and model_zoo.md as well',
    )
    parser.add_argument(
        '--merge',
        nargs='+',
        type=Path,
        default=[],
        metavar='DIR',
        help="copy the finished runs of other machines' --work-dir first",
    )
    args = parser.parse_args()
    if args.jobs < 1:
        sys.exit(f'error: --jobs {args.jobs}: at least 1 run at a time')
    return args


def main(args: argparse.Namespace) -> None:
    from mmbimodal.experiments import (
        Run,
        collect,
        copy_runs,
        execute_all,
        load_table,
        publish,
        write_report,
    )

    table = load_table(TABLES, args.table, args.dataset)
    chosen = table.select(args.rows)
    root = args.work_dir / args.dataset / 'runs'
    report = args.work_dir / args.dataset / table.name
    published = PUBLISHED / args.dataset / table.name
    for folder in args.merge:
        print(f'{folder}: {copy_runs(folder, root)} runs copied')
    pretrained = table.pretrained and Run(table.pretrained, 0, CONFIGS, root)
    rows = [Run(row, 0, CONFIGS, root, pretrained) for row in table.rows]

    def write() -> None:
        earlier = (published / 'results.json', report / 'results.json')
        results = collect(table, rows, *earlier)
        write_report(table, results, report)
        if args.publish:
            write_report(table, results, published)
            # The tables of the quickstart's pairs have short names.
            place = f'{table.name}-{args.dataset}'.removesuffix('-synth')
            publish(place, published, Path('model_zoo.md'))

    write()
    if not args.report_only:
        if pretrained:
            execute_all([pretrained], 1)
        # One seed of all rows before the next.
        runs = [
            Run(row, seed, CONFIGS, root, pretrained)
            for seed in args.seeds
            for row in chosen
        ]
        execute_all(runs, args.jobs, write)
    print((report / 'table.md').read_text())


if __name__ == '__main__':
    arguments = parse_args()
    from mmbimodal.apis import one_sentence

    with one_sentence():
        main(arguments)
