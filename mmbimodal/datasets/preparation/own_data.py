"""Data whose samples, classes and splits are told by names, lists or a table."""

import argparse
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any

from mmbimodal.errors import InputError

from .naming import Name, Rule, regex_rule, word_rule
from .pairing import Scan, scan
from .recipe import Recipe, prepare
from .report import Report
from .splits import Split, check_split_arguments, divide, read_split

NO_CLASS = (
    'put the files into one folder per class, name the classes that stand in the '
    'file names with --classes, or give --regex with a group (?P<label>...)'
)


def prepare_folders(
    args: argparse.Namespace,
    roots: Mapping[str, Path],
    *,
    classes: Sequence[str] = (),
    **facts: Any,
) -> Report:
    """Prepare folders whose paths tell the samples and their classes.

    Args:
        args (argparse.Namespace): ``data_root``, ``regex`` and those of
            :func:`prepare_scans`.
        roots (Mapping[str, Path]): Modality → folder.
        classes (Sequence[str]): Class names; empty if the folders tell them.
        facts: For :func:`prepare_scans`.

    Raises:
        InputError: The folders or the arguments cannot be used.
    """
    check_split_arguments(args)
    data_root = args.data_root.resolve()
    for root in roots.values():
        if root.resolve() in (data_root, *data_root.parents):
            raise InputError(
                f'DATA_ROOT {data_root} lies in {root}, so that its links would '
                'be found as samples: give another folder.'
            )
    resolved = [root.resolve() for root in roots.values()]
    scans = {}
    for modality, root in roots.items():
        shared = resolved.count(root.resolve()) > 1
        scans[modality] = scan(
            root,
            _rule(modality, roots, classes, args.regex, shared),
            frame_folders=True,
            remedy=f'put the word "{modality}" into the file names, or give a folder '
            'for each modality'
            if shared
            else 'say with --regex which part of the path is the id',
        )
    return prepare_scans(args, scans, classes=classes, **facts)


def prepare_scans(
    args: argparse.Namespace,
    scans: Mapping[str, Scan],
    *,
    classes: Sequence[str] = (),
    dataset: str,
    **facts: Any,
) -> Report:
    """Prepare files that are named already.

    Args:
        args (argparse.Namespace): ``data_root`` and those of
            ``tools/data/_arguments.py``.
        scans (Mapping[str, Scan]): Modality → its files.
        classes (Sequence[str]): Class names; empty if the files tell them.
        dataset (str): Name of the data set.
        facts: Further attributes of the :class:`Recipe`.
    """
    check_split_arguments(args)
    names = _merge_names(scans)
    classes, labels = _labels(names, classes)
    given = _given_split(args, names)

    def splits_of(sample_ids: Sequence[str]) -> dict[str, Split]:
        if given is not None:
            return {'': given}
        return divide({i: classes[labels[i]] for i in sample_ids}, args)

    recipe = Recipe(
        dataset=dataset,
        data_root=args.data_root,
        out=args.data_root / 'annotations',
        classes=list(classes),
        label_of=labels.get,
        splits_of=splits_of,
        folders={modality: modality for modality in scans},
        record_split=given is None and not args.folds,
        **facts,
    )
    return prepare(recipe, dict(scans), args.check, args.reencode, args.workers)


def _rule(
    modality: str,
    modalities: Collection[str],
    classes: Sequence[str],
    regex: str | None,
    shared: bool,
) -> Rule:
    """Rule for the files of one modality."""
    words = word_rule(modality, modalities, classes, shared)
    if not regex:
        return words
    pattern = regex_rule(regex)

    def rule(path: PurePath) -> Name | None:
        by_regex, by_words = pattern(path), words(path)
        if by_regex is None or by_words is None:
            return None
        return by_regex._replace(
            class_name=by_regex.class_name or by_words.class_name,
            split=by_regex.split or by_words.split,
        )

    return rule


def _merge_names(scans: Mapping[str, Scan]) -> dict[str, Name]:
    """Sample id → what its files say together.

    Raises:
        InputError: Two files of one sample are of different classes or splits.
    """
    merged: dict[str, Name] = {}
    for modality, found in scans.items():
        for i, name in found.names.items():
            known = merged.setdefault(i, name)
            for what, old, new in zip(Name._fields, known, name):
                if old and new and old != new:
                    raise InputError(
                        f'the {what} of {i} is {new} for its {modality} and {old} '
                        'for another modality: correct one of them.'
                    )
            merged[i] = Name(
                i,
                known.class_name or name.class_name,
                known.split or name.split,
            )
    return merged


def _labels(
    names: Mapping[str, Name], classes: Sequence[str]
) -> tuple[Sequence[str], dict[str, int]]:
    """Class names, and sample id → label of the samples that have a class.

    Where all classes are numbers, as in MMAction2's lists, they are the labels.
    """
    found = {i: name.class_name for i, name in names.items() if name.class_name}
    if not found:
        raise InputError(
            f'no class is known of any sample, such as {next(iter(names))}: {NO_CLASS}.'
        )
    if all(name.isdigit() for name in found.values()) and not set(
        found.values()
    ) <= set(classes):
        labels = {i: int(name) for i, name in found.items()}
        highest = max(labels.values())
        if classes and highest >= len(classes):
            raise InputError(
                f'the label {highest} is too high for {len(classes)} classes, whose '
                'labels start at 0: give --classes with one name per label.'
            )
        return classes or [str(label) for label in range(highest + 1)], labels
    classes = classes or sorted(set(found.values()))
    index = {name.lower(): label for label, name in enumerate(classes)}
    labels = {i: index[n.lower()] for i, n in found.items() if n.lower() in index}
    return classes, labels


def _given_split(
    args: argparse.Namespace, names: Mapping[str, Name]
) -> dict[str, str] | None:
    """The split of ``--split-file``, or that of the folders, lists or table."""
    if args.split_file:
        return read_split(args.split_file)
    told = {i: name.split for i, name in names.items() if name.split}
    if not told or args.folds:
        return None
    untold = sorted(set(names) - set(told))
    if untold:
        raise InputError(
            f'{len(told)} samples are in a train or test split and {len(untold)}, '
            f'such as {untold[0]}, are in none: give a split for all, or for none.'
        )
    return told
