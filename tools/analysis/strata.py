"""Compare methods on the parts of a test set that are hard in one way.

    strata.py sum=A0.json sum=A1.json STAF=B0.json STAF=B1.json \\
        --truth data/synth/truth.json --against sum --out DIR
    strata.py work_dirs/reproduce/synth/table2/results.json --rows STAF \\
        "sum of features" --truth data/synth/truth.json --out DIR

Files of the same name are the seeds of a method, the methods' in one order.
Accuracy by handicap and modality with 95 % confidence intervals over seeds and
pairs, and a paired test against one method. The folder gets strata.md and
strata.png.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mmbimodal.evaluation import Stratum


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        'predictions',
        nargs='+',
        metavar='PREDICTIONS',
        help='NAME=FILE of SavePredictions, or a results.json of reproduce.py',
    )
    parser.add_argument(
        '--truth', required=True, metavar='FILE', help='truth.json of the pairs'
    )
    parser.add_argument('--rows', nargs='+', metavar='NAME', help='only these methods')
    parser.add_argument(
        '--against', metavar='NAME', help='the method to test against (default: first)'
    )
    parser.add_argument(
        '--out', type=Path, required=True, metavar='DIR', help='folder to write to'
    )
    return parser.parse_args()


def find_files(arguments: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Name of the method and path of each file of predictions."""
    from mmbimodal.errors import InputError

    for argument in arguments:
        name, _, path = argument.partition('=')
        if path:
            yield name, path
            continue
        try:
            rows = json.loads(Path(argument).read_text(encoding='utf-8'))['rows']
            runs = [(row['name'], x['checkpoint']) for row in rows for x in row['runs']]
        except (OSError, ValueError, LookupError, TypeError) as error:
            raise InputError(
                f'{argument} is neither NAME=FILE nor a results.json of '
                f'tools/reproduce.py ({error!r})'
            ) from error
        for name, checkpoint in runs:
            yield name, str(Path(checkpoint).parents[1] / 'predictions.json')


def percent(value: float, interval: tuple[float, float] | None, sign: str = '') -> str:
    text = f'{100 * value:{sign}.1f}'
    if interval is None:
        return text
    low, high = (f'{100 * x:{sign}.1f}' for x in interval)
    return f'{text} ({low} to {high})'


def table(strata: 'Sequence[Stratum]', against: str) -> list[list[str]]:
    """Cells: a row for each stratum."""
    methods = list(strata[0].accuracies)
    tested = list(strata[0].tests)
    head = ['stratum', 'pairs', *methods]
    head += [x for name in tested for x in (f'{name} − {against}', 'p')]
    rows = [head]
    for part in strata:
        cells = [part.name, str(part.num_samples)]
        cells += [percent(part.accuracies[x], part.intervals[x]) for x in methods]
        for test in part.tests.values():
            cells.append(percent(test.difference, test.interval, '+'))
            cells.append(f'{test.p_value:.2g}')
        rows.append(cells)
    return rows


def main(args: argparse.Namespace) -> None:
    from mmengine import fileio

    from mmbimodal.errors import InputError
    from mmbimodal.evaluation import measure_strata, read_comparable, read_truth
    from mmbimodal.visualization import markdown_lines, save_png, strata_figure

    found = list(find_files(args.predictions))
    if args.rows:
        for name in set(args.rows) - {name for name, _ in found}:
            raise InputError(
                f'there are no predictions of {name!r}: choose from '
                f'{", ".join(dict.fromkeys(name for name, _ in found))}'
            )
        found = [x for x in found if x[0] in args.rows]
    methods: dict[str, list] = {name: [] for name, _ in found}
    for (name, _), item in zip(found, read_comparable([path for _, path in found])):
        methods[name].append(item)
    against = args.against or next(iter(methods))
    strata = measure_strata(methods, read_truth(args.truth), against)
    seeds = len(methods[against])
    lines = ['top-1 in %', '', *markdown_lines(table(strata, against)), '']
    lines.append(
        f'In brackets: 95 % confidence intervals over {seeds} seeds and the pairs.'
        if seeds > 1
        else 'One seed: no confidence intervals, since they need other seeds.'
    )
    fileio.put_text('\n'.join(lines) + '\n', args.out / 'strata.md')
    figure = strata_figure(
        {name: [x.accuracies[name] for x in strata] for name in methods},
        {name: [x.intervals[name] for x in strata] for name in methods},
        [f'{x.name} ({x.num_samples})' for x in strata],
        chance=1 / len(methods[against][0].classes),
    )
    save_png(figure, args.out / 'strata.png')
    print('\n'.join(lines))
    print(args.out / 'strata.png')


if __name__ == '__main__':
    arguments = parse_args()
    from mmbimodal.apis import one_sentence

    with one_sentence():
        main(arguments)
