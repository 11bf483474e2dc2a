import json
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mmbimodal.errors import InputError

from .palette import BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILION

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Okabe and Ito's palette with a dash pattern each, for print.
_STYLES = tuple(
    dict(color=color, linestyle=dashes)
    for color, dashes in (
        (BLUE, '-'),
        (VERMILION, '--'),
        (GREEN, '-.'),
        (PURPLE, ':'),
        (ORANGE, (0, (5, 1, 1, 1, 1, 1))),
        (SKY, (0, (1, 1))),
    )
)

# The accuracy of a batch jumps, and only some batches are logged.
_LOGGED = 'mean of the logged batches'


class Scalars(NamedTuple):
    """What a training logged, in the order of its iterations.

    Args:
        train (list[dict]): Records with ``step`` (iterations done),
            ``epoch`` and losses.
        val (list[dict]): Records with ``step`` (epochs done) and metrics.
    """

    train: list[dict]
    val: list[dict]


def read_scalars(work_dir: str | PathLike) -> Scalars:
    """Read and join the logs of all runs of a working folder.

    A run that resumed takes over from where it begins: what a run before it
    had logged beyond that point was lost with the interruption.

    Args:
        work_dir (str | Path): Folder with ``*/vis_data/scalars.json``.

    Returns:
        Scalars: One sequence for training and one for validation.

    Raises:
        InputError: The folder holds no log of a training.
    """
    train: list[dict] = []
    val: list[dict] = []
    # Folders are named by the time of the start.
    for path in sorted(Path(work_dir).glob('*/vis_data/scalars.json')):
        # A killed run may leave half a line at the end.
        records = [
            json.loads(line)
            for line in path.read_text().splitlines()
            if line.endswith('}')
        ]
        new = [x for x in records if 'loss' in x]
        if not new:
            continue
        first = new[0]
        train = [x for x in train if x['step'] < first['step']] + new
        val = [x for x in val if x['step'] < first['epoch']] + [
            x for x in records if 'epoch' not in x
        ]
    if not train:
        raise InputError(
            f'{work_dir} has no */vis_data/scalars.json with losses: give the '
            'work_dir of a training'
        )
    return Scalars(train, val)


def training_curves(scalars: Scalars) -> 'Figure':
    """Losses and accuracies over the epochs.

    Args:
        scalars (Scalars): Of :func:`read_scalars`.

    Returns:
        matplotlib.figure.Figure: For :func:`save_png`.
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator, PercentFormatter

    figure = Figure(figsize=(10, 4), layout='constrained')
    losses, accuracies = figure.subplots(1, 2)

    # The last iteration of every complete epoch is logged.
    per_epoch = max(x['step'] / x['epoch'] for x in scalars.train)
    train = _columns(scalars.train)
    epochs = train['step'] / per_epoch
    names = sorted(name for name in train if 'loss' in name)
    for name, style in zip(names, _cycle(names)):
        losses.plot(
            epochs,
            train[name],
            label=name,
            linewidth=2.4 if name == 'loss' else 1.4,
            **style,
        )
    losses.set(yscale='log', ylabel='training loss (log scale)')

    val = _columns(scalars.val)
    curves = [
        (
            f'training {name} (mean of the logged batches)',
            *_epoch_means(train, name),
            '',
        )
        for name in sorted(train)
        if name.endswith('top1_acc')
    ]
    curves += [
        ('validation ' + name, val['step'], val[name], 'o')
        for name in sorted(val)
        if '/top' in name
    ]
    for (label, x, y, marker), style in zip(curves, _cycle(curves)):
        accuracies.plot(
            x, y, label=label, linewidth=1.6, marker=marker, markersize=4, **style
        )
    best = [
        (y.max(), x[y.argmax()])
        for label, x, y, _ in curves
        if label == 'validation acc/top1'
    ]
    accuracies.set(ylim=(0, 1.02), ylabel='accuracy')
    accuracies.yaxis.set_major_formatter(PercentFormatter(1))
    for value, epoch in best:
        accuracies.set_title(
            f'best top-1 {value:.1%} after epoch {epoch:g}', fontsize=11
        )
    for ax in (losses, accuracies):
        ax.set_xlabel('epoch')
        ax.set_xlim(left=0)
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.grid(alpha=0.3)
        if ax.lines:
            ax.legend(fontsize=9)
    return figure


def _columns(records: list[dict]) -> dict[str, np.ndarray]:
    """Records → one array per key, NaN where a record lacks it."""
    keys = {key for record in records for key in record}
    return {
        key: np.array([record.get(key, np.nan) for record in records]) for key in keys
    }


def _epoch_means(
    train: dict[str, np.ndarray], name: str
) -> tuple[np.ndarray, np.ndarray]:
    """Epochs, and the mean of what was logged during each."""
    epochs = np.unique(train['epoch'])
    return epochs, np.array(
        [np.nanmean(train[name][train['epoch'] == x]) for x in epochs]
    )


def _cycle(items: list) -> list[dict]:
    """A style for each item."""
    return [_STYLES[i % len(_STYLES)] for i in range(len(items))]
