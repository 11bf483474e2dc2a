"""Accuracy on the parts of a test set that are hard in one way."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import mmengine
import numpy as np

from mmbimodal.errors import InputError
from mmbimodal.structures import Predictions

from .paired_test import PairedTest, mean_interval, paired_test

ALL, NONE = 'all pairs', 'no handicap'


class Stratum(NamedTuple):
    """What some methods reach on a part of the test set.

    Args:
        name (str): ``'all pairs'``, ``'no handicap'`` or a modality and its
            handicap.
        num_samples (int): Number of samples.
        accuracies (dict[str, float]): Method → accuracy in [0, 1], mean over
            its seeds.
        intervals (dict[str, tuple | None]): Method → 95 % confidence interval
            over seeds and samples; None with one seed.
        tests (dict[str, PairedTest]): Method → test against the reference.
    """

    name: str
    num_samples: int
    accuracies: dict[str, float]
    intervals: dict[str, tuple[float, float] | None]
    tests: dict[str, PairedTest]


def read_truth(path: str) -> dict[str, dict[str, Any]]:
    """Read the truth of generated pairs.

    Args:
        path (str): The ``truth.json`` of ``tools/data/synth/generate.py``.

    Returns:
        dict[str, dict]: Sample id → modality → ``visible`` and ``box`` of
        each frame, and ``handicaps``.

    Raises:
        InputError: There is no such file, or it holds something else.
    """
    try:
        return dict(mmengine.load(path, file_format='json')['samples'])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f'{path} is not a truth.json ({error!r}): it is '
            'written by tools/data/synth/generate.py'
        ) from error


def find_strata(
    truth: Mapping[str, dict], sample_ids: Sequence[str]
) -> dict[str, np.ndarray]:
    """Which samples have which handicap in which modality.

    Args:
        truth (Mapping[str, dict]): Of :func:`read_truth`.
        sample_ids (Sequence[str]): N samples.

    Returns:
        dict[str, np.ndarray]: Name of a stratum → N, bool. A sample with
        several handicaps is in several strata.

    Raises:
        InputError: The truth lacks a sample; the sentence names some.
    """
    missing = [name for name in sample_ids if name not in truth]
    if missing:
        raise InputError(
            f'the truth lacks {len(missing)} of {len(sample_ids)} samples '
            f'({", ".join(missing[:3])}{", …" if len(missing) > 3 else ""}): use the '
            'truth.json that was generated with the videos'
        )
    names = [
        {
            f'{modality}: {handicap.replace("_", " ")}'
            for modality, part in truth[sample_id].items()
            if isinstance(part, dict)
            for handicap in part['handicaps']
        }
        or {NONE}
        for sample_id in sample_ids
    ]
    order = [NONE, *sorted(set().union(*names) - {NONE})]
    strata = {name: np.array([name in x for x in names]) for name in order}
    return {ALL: np.ones(len(names), bool)} | {
        k: x for k, x in strata.items() if x.any()
    }


def measure_strata(
    methods: Mapping[str, Sequence[Predictions]],
    truth: Mapping[str, dict],
    reference: str,
) -> list[Stratum]:
    """Accuracy of each method on each stratum, tested against a reference.

    Args:
        methods (Mapping[str, Sequence[Predictions]]): Method → predictions of
            its seeds on the same samples, in the same order of seeds.
        truth (Mapping[str, dict]): Of :func:`read_truth`.
        reference (str): The method that the others are tested against.

    Returns:
        list[Stratum]: All pairs first.

    Raises:
        InputError: As :func:`find_strata`, there is no such method, or the
            methods differ in their number of seeds.
    """
    if reference not in methods:
        raise InputError(
            f'there is no method {reference!r} to test against: choose from '
            f'{", ".join(methods)}'
        )
    seeds = {name: len(found) for name, found in methods.items()}
    if len(set(seeds.values())) > 1:
        raise InputError(
            'a paired test needs the same seeds of each method, here are '
            f'{", ".join(f"{n} of {name}" for name, n in seeds.items())}: give as '
            'many predictions of each, in the same order'
        )
    # seeds×N
    right = {
        name: np.array([x.right for x in found]) for name, found in methods.items()
    }
    ids = next(iter(methods.values()))[0].sample_ids
    return [
        Stratum(
            name,
            int(mask.sum()),
            {k: float(x[:, mask].mean()) for k, x in right.items()},
            {k: mean_interval(x[:, mask]) for k, x in right.items()},
            {
                k: paired_test(right[reference][:, mask], x[:, mask])
                for k, x in right.items()
                if k != reference
            },
        )
        for name, mask in find_strata(truth, ids).items()
    ]
