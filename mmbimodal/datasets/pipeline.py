"""Pipelines that differ from another one in a few options."""

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mmbimodal.errors import InputError


def change_steps(
    pipeline: Sequence[Mapping[str, Any]], **changes: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Copy a pipeline with other options for the transforms of some types.

    For configs, whose lists mmengine replaces as a whole::

        test_pipeline = change_steps(
            _base_.test_pipeline, CenterCrop=dict(crop_size=112)
        )

    In a config ``_base_`` stands before the import: mmengine tells its kinds of
    configs apart by what comes first.

    Args:
        pipeline (Sequence[Mapping]): Configs of transforms; those inside of
            ``ForEachModality`` and ``SyncSample`` are found too.
        changes (Mapping): Type of a transform → options to set in all of that type.

    Returns:
        list[dict]: The new pipeline; ``pipeline`` is not modified.

    Raises:
        InputError: The pipeline has no transform of one of the types.
    """
    changed: list[dict[str, Any]] = [copy.deepcopy(dict(step)) for step in pipeline]
    found = set()
    for step in _all_steps(changed):
        if step['type'] in changes:
            step.update(changes[step['type']])
            found.add(step['type'])
    missing = sorted(set(changes) - found)
    if missing:
        types = ', '.join(step['type'] for step in _all_steps(changed))
        raise InputError(
            f'the pipeline has no {", ".join(missing)}, only {types}: '
            'change one of these'
        )
    return changed


def keep_modalities(
    pipeline: Sequence[Mapping[str, Any]], *names: str
) -> list[dict[str, Any]]:
    """Copy a pipeline for the data set that has these modalities only.

    Args:
        pipeline (Sequence[Mapping]): Configs of transforms; each ``transforms`` that
            is a list per modality keeps the lists of ``names``.
        names (str): Modalities.

    Returns:
        list[dict]: The new pipeline; ``pipeline`` is not modified.

    Raises:
        InputError: A step has no list for one of the names.
    """
    return _change_lists(
        pipeline, names, lambda inner: {name: inner[name] for name in names}
    )


def copy_modality(
    pipeline: Sequence[Mapping[str, Any]], source: str, name: str
) -> list[dict[str, Any]]:
    """Copy a pipeline in which one more modality is treated as another one.

    Args:
        pipeline (Sequence[Mapping]): Configs of transforms.
        source (str): Modality that has a list in each ``transforms`` by name.
        name (str): The new modality, which gets a copy of these lists.

    Returns:
        list[dict]: The new pipeline; ``pipeline`` is not modified.

    Raises:
        InputError: A step has no list for ``source``.
    """
    return _change_lists(
        pipeline, [source], lambda inner: inner | {name: copy.deepcopy(inner[source])}
    )


def _change_lists(
    pipeline: Sequence[Mapping[str, Any]],
    names: Sequence[str],
    change: Callable[[dict[str, Any]], dict[str, Any]],
) -> list[dict[str, Any]]:
    """Copy a pipeline with every ``transforms`` by name changed; it has the names."""
    changed: list[dict[str, Any]] = [copy.deepcopy(dict(step)) for step in pipeline]
    for step in changed:
        inner = step.get('transforms')
        if not isinstance(inner, Mapping):
            continue
        missing = [name for name in names if name not in inner]
        if missing:
            raise InputError(
                f'{step["type"]} of the pipeline has no transforms for '
                f'{", ".join(missing)}, only for {", ".join(inner)}: choose from these'
            )
        step['transforms'] = change(dict(inner))
    return changed


def _all_steps(steps: Any) -> list[dict[str, Any]]:
    """The steps and, after each, those inside of it."""
    if isinstance(steps, Mapping):  # a list per modality
        return [step for part in steps.values() for step in _all_steps(part)]
    return [
        found
        for step in steps
        for found in (step, *_all_steps(step.get('transforms', ())))
    ]
