"""Measure what missing and black frames of a modality do to trained models.

Top-1 with all modalities, with each one alone, and with a quarter to all of
the frames of each one black. A missing modality is NaN to the model, a black
frame is a picture.

    robustness.py staf_synth sum=CONFIG:CKPT --out DIR
    robustness.py work_dirs/reproduce/synth/table2/results.json --out DIR

Models of the same name (seeds) become one row, mean and deviation. The folder
gets robustness.md, .csv, .json and .png.
"""

import argparse
import csv
import io
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from mmengine.config import Config, ConfigDict

    from mmbimodal.apis import Condition


class Trained(NamedTuple):
    """A row's name, config and weights."""

    name: str
    config: 'Config'
    checkpoint: str


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        'runs',
        nargs='+',
        metavar='RUN',
        help='name of a released model, NAME=CONFIG:CHECKPOINT, or a results.json of '
        'reproduce.py',
    )
    parser.add_argument(
        '--out',
        type=Path,
        required=True,
        metavar='DIR',
        help='folder of the table and the chart',
    )
    parser.add_argument(
        '--markdown', action='store_true', help='print a Markdown table'
    )
    parser.add_argument('--device', default='cpu', help='default: cpu')
    return parser.parse_args()


def read_runs(runs: Sequence[str]) -> Iterator[Trained]:
    """The models that the command names."""
    from mmengine.config import Config

    from mmbimodal.apis import find_model
    from mmbimodal.errors import InputError

    for run in runs:
        if run.endswith('.json'):
            yield from read_results(run)
            continue
        name, separator, files = run.partition('=')
        config, _, checkpoint = files.rpartition(':')
        if separator and not (name and config and checkpoint):
            raise InputError(
                f'{run} is neither a model, NAME=CONFIG:CHECKPOINT nor a '
                'results.json of tools/reproduce.py'
            )
        config, checkpoint = find_model(config or name, checkpoint or None)
        yield Trained(name, Config.fromfile(config), checkpoint)


def read_results(path: str) -> Iterator[Trained]:
    """The finished runs of a table of tools/reproduce.py.

    The config that a run was made with, its options included, stands in the
    run's folder.
    """
    from mmengine.config import Config

    from mmbimodal.errors import InputError

    try:
        rows = json.loads(Path(path).read_text(encoding='utf-8'))['rows']
        found = [
            (row['name'], run['checkpoint']) for row in rows for run in row['runs']
        ]
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise InputError(
            f'{path} is not a results.json of tools/reproduce.py '
            f'({error!r}): give that of a table'
        ) from error
    if not found:
        raise InputError(
            f'{path} has no finished run yet: run tools/reproduce.py first'
        )
    for name, checkpoint in found:
        config = Path(checkpoint).parents[1] / 'config.py'
        if not config.is_file():
            raise InputError(
                f'{config}, the config of {checkpoint}, does not '
                'exist: run tools/reproduce.py again'
            )
        yield Trained(name, Config.fromfile(config), checkpoint)


def test_set_of(run: Trained) -> 'ConfigDict':
    """The data set that a model is tested on."""
    return run.config.test_dataloader.dataset


def measure(
    runs: Sequence[Trained], conditions: Sequence['Condition'], device: str
) -> tuple['np.ndarray', float]:
    """Accuracies, runs×conditions, and chance; a test set is read once."""
    import numpy as np
    from mmengine.runner import Runner
    from rich.progress import track

    from mmbimodal.apis import init_recognizer, measure_robustness

    groups: dict[str, list[int]] = {}
    for i, run in enumerate(runs):
        groups.setdefault(repr(test_set_of(run)), []).append(i)
    accuracies = np.empty((len(runs), len(conditions)))
    for number, members in enumerate(groups.values(), 1):
        models = [
            init_recognizer(runs[i].config, runs[i].checkpoint, device) for i in members
        ]
        first = runs[members[0]]
        loader = Runner.build_dataloader(
            dict(first.config.test_dataloader, collate_fn=list)
        )
        accuracies[members] = measure_robustness(
            models,
            track(loader, f'{len(models)} models, data {number} of {len(groups)}'),
            conditions,
            test_set_of(first).modalities,
        )
    return accuracies, 1 / len(loader.dataset.metainfo['classes'])


def title(condition: 'Condition', modalities: Sequence[str]) -> str:
    """Head of a column."""
    if condition.blanked:
        return f'{condition.blanked} {condition.share:.0%} black'
    if not condition.absent:
        return 'all'
    present = [x for x in modalities if x not in condition.absent]
    return f'{", ".join(present)} only'


def cell(values: 'np.ndarray') -> str:
    """Mean and deviation over the seeds, in per cent."""
    from mmbimodal.visualization import mean_deviation

    # NaN, which differs from itself, is a condition that was not measured
    return mean_deviation([] if (values != values).any() else (100 * values).tolist())


def show(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich.console import Console
    from rich.table import Table

    # Twelve columns fit into 80 characters when their words are stacked.
    table = Table(title='top-1 in %', padding=0)
    for i, name in enumerate(head):
        table.add_column(
            name.replace(' ', '\n'), justify='right' if i else 'left', no_wrap=i > 0
        )
    for row in rows:
        table.add_row(row[0], *(x.replace(' ± ', '\n±') for x in row[1:]))
    Console().print(table)


def main(args: argparse.Namespace) -> None:
    from mmbimodal.apis import all_conditions
    from mmbimodal.datasets.annotation import write_text
    from mmbimodal.errors import InputError
    from mmbimodal.visualization import markdown_lines, robustness_figure, save_png

    runs = list(read_runs(args.runs))
    test_sets = {
        str(Path(x.get('data_root', ''), x.ann_file)): None
        for x in map(test_set_of, runs)
    }
    if len(test_sets) > 1:
        raise InputError(
            'the models are tested on different samples, '
            f'{" and ".join(test_sets)}: compare models of one '
            'test set'
        )
    modalities = list(
        dict.fromkeys(name for run in runs for name in test_set_of(run).modalities)
    )
    conditions = all_conditions(modalities)
    accuracies, chance = measure(runs, conditions, args.device)
    by_name = {
        name: accuracies[[run.name == name for run in runs]]
        for name in dict.fromkeys(run.name for run in runs)
    }
    titles = [title(x, modalities) for x in conditions]
    head = ['', *titles]
    rows = [[name, *map(cell, values.T)] for name, values in by_name.items()]

    text = '\n'.join(markdown_lines([head, *rows])) + '\n'
    if args.markdown:
        print(text)
    else:
        show(head, rows)
    write_text(str(args.out / 'robustness.md'), text)
    file = io.StringIO()
    csv.writer(file).writerows([head, *rows])
    write_text(str(args.out / 'robustness.csv'), file.getvalue())
    write_text(
        str(args.out / 'robustness.json'),
        json.dumps(
            [
                dict(
                    name=run.name,
                    checkpoint=run.checkpoint,
                    top1={
                        key: None if x != x else round(float(x), 4)
                        for key, x in zip(titles, line)
                    },
                )
                for run, line in zip(runs, accuracies)
            ],
            indent=1,
            ensure_ascii=False,
        )
        + '\n',
    )
    save_png(
        robustness_figure(by_name, conditions, modalities, chance),
        args.out / 'robustness.png',
    )
    print(args.out)


if __name__ == '__main__':
    arguments = parse_args()
    from mmbimodal.apis import one_sentence

    with one_sentence():
        main(arguments)
