"""Which samples train and which test."""

import argparse
import json
import random
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmbimodal.datasets.text_file import read_text
from mmbimodal.errors import InputError

SPLITS = ('train', 'test')

Split = dict[str, str]
"""Sample id → 'train' | 'test'."""


def check_split_arguments(args: argparse.Namespace) -> None:
    """Refuse values that no data set can be divided by.

    Raises:
        InputError: A value is out of its range, or two contradict each other.
    """
    if not 0 < args.test_share < 1:
        raise InputError(
            f'--test-share {args.test_share} is not between 0 and 1: give a '
            'fraction such as 0.2.'
        )
    if args.folds is not None and args.folds < 2:
        raise InputError(f'--folds {args.folds} is not possible: give 2 or more.')
    if args.folds and args.split_file:
        raise InputError(
            '--folds draws splits and --split-file gives one: leave one of them out.'
        )


def divide(classes: Mapping[str, str], args: argparse.Namespace) -> dict[str, Split]:
    """Draw the split or the folds that the arguments ask for.

    Args:
        classes (Mapping[str, str]): Sample id → class name, of usable samples.
        args (argparse.Namespace): Of ``add_split_arguments`` in
            ``tools/data/_arguments.py``.

    Returns:
        dict[str, Split]: Beginning of the annotations' names → split.
    """
    if args.folds:
        folds = draw_folds(classes, args.folds, args.seed)
        return {f'fold{k}_': split for k, split in enumerate(folds)}
    return {'': draw_split(classes, args.test_share, args.seed)}


def draw_split(classes: Mapping[str, str], test_share: float, seed: int) -> Split:
    """Draw the same share of every class for testing, at least one sample.

    Args:
        classes (Mapping[str, str]): Sample id → class name.
        test_share (float): Between 0 and 1.
        seed (int): The same seed draws the same samples.

    Raises:
        InputError: A class has a single sample.
    """
    _check_sizes(classes, 2, 'one to train and one to test')
    rng = random.Random(seed)
    split = {}
    for _, ids in sorted(_by_class(classes).items()):
        rng.shuffle(ids)
        num_test = min(max(round(len(ids) * test_share), 1), len(ids) - 1)
        split.update(
            {i: 'test' if k < num_test else 'train' for k, i in enumerate(ids)}
        )
    return split


def draw_folds(classes: Mapping[str, str], folds: int, seed: int) -> list[Split]:
    """Draw ``folds`` splits, each sample of which tests in exactly one.

    Every class is spread over the folds as evenly as its size allows.

    Raises:
        InputError: A class has fewer samples than there are folds.
    """
    from sklearn.model_selection import StratifiedKFold  # takes a second to import

    _check_sizes(classes, folds, f'one to test in each of {folds} folds')
    ids = sorted(classes)
    drawn = StratifiedKFold(folds, shuffle=True, random_state=seed).split(
        ids, [classes[i] for i in ids]
    )
    splits = []
    for _, test in drawn:
        testing = {ids[k] for k in test}
        splits.append({i: 'test' if i in testing else 'train' for i in ids})
    return splits


def read_split(path: Path) -> Split:
    """Read lines ``id train|test``, or JSON.

    The JSON is ``{"train": [id, …], "test": […]}`` or ``{id: "train"|"test"}``.

    Raises:
        InputError: The file cannot be read as one of these.
    """
    remedy = 'give lines "id train" or "id test", or JSON'
    text = read_text(str(path), 'split file', remedy)
    try:
        if path.suffix != '.json':
            lines = [line for line in text.splitlines() if line.strip()]
            pairs: list[Any] = [line.rsplit(maxsplit=1) for line in lines]
        else:
            content = json.loads(text)
            pairs = (
                [(i, name) for name in content for i in content[name]]
                if set(content) <= set(SPLITS)
                else list(content.items())
            )
        split = dict(pairs)
    except (ValueError, TypeError, AttributeError) as error:
        raise InputError(
            f'cannot read the split file {path} ({error}): {remedy}.'
        ) from error
    if len(split) < len(pairs):
        raise InputError(
            f'the split file {path} names a sample twice: remove one of the two.'
        )
    wrong = [i for i, name in split.items() if name not in SPLITS]
    if wrong or not split:
        raise InputError(
            f'the split file {path} says neither "train" nor "test" of '
            f'{(wrong or ["any sample"])[0]}: correct it.'
        )
    return split


def _by_class(classes: Mapping[str, str]) -> dict[str, list[str]]:
    ids: dict[str, list[str]] = {}
    for sample_id, name in sorted(classes.items()):
        ids.setdefault(name, []).append(sample_id)
    return ids


def _check_sizes(classes: Mapping[str, str], least: int, why: str) -> None:
    """Refuse classes of fewer than ``least`` samples."""
    small = [name for name, n in sorted(Counter(classes.values()).items()) if n < least]
    if small:
        raise InputError(
            f'{len(small)} classes, such as {small[0]!r}, have fewer than {least} '
            f'usable samples: a class needs {why}.'
        )
