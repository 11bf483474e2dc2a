"""Splits in which a test sample is a copy of a training sample."""

from collections.abc import Collection, Mapping, Sequence

from .splits import Split


def find_leaks(split: Split, identical: Sequence[Collection[str]]) -> Split:
    """The samples of a split that have a copy on its other side.

    Args:
        split: Sample id → 'train' or 'test'.
        identical: Groups of ids of samples with the same content.

    Returns:
        dict[str, str]: The part of ``split`` that leaks.
    """
    leaks = {}
    for group in identical:
        sides = {i: split[i] for i in group if i in split}
        if len(set(sides.values())) > 1:
            leaks.update(sides)
    return leaks


def add_leak_free(
    splits: Mapping[str, Split], identical: Sequence[Collection[str]]
) -> dict[str, Split]:
    """Give each fold two further ones that do not leak.

    Of ``name_``, ``name_noleak_`` tests without the copies of training samples, and
    ``name_strict_`` trains without the copies of test samples.

    Args:
        splits: Name of a fold, which ends with ``_`` → its split.
        identical: Groups of ids of samples with the same content.
    """
    result = {}
    for fold, split in splits.items():
        leaks = find_leaks(split, identical)
        result[fold] = split
        for suffix, side in (('noleak_', 'test'), ('strict_', 'train')):
            result[f'{fold}{suffix}'] = {
                i: name for i, name in split.items() if leaks.get(i) != side
            }
    return result
