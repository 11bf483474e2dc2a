import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any

import numpy as np
from mmaction.datasets.transforms import loading
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform

from mmbimodal.errors import InputError, UnreadableVideo

# MMAction2's transforms that read files.
_READERS = tuple(
    cls for name, cls in vars(loading).items() if name.endswith(('Init', 'Decode'))
)
# What a mistake in a pipeline raises, and no file.
_MISTAKES = (KeyError, NameError, TypeError, ImportError)


class _RandomState:
    """State of the generators that MMAction2's transforms draw from."""

    def __init__(self) -> None:
        self.python = random.getstate()
        self.numpy = np.random.get_state()

    def restore(self) -> None:
        random.setstate(self.python)
        np.random.set_state(self.numpy)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, _RandomState)
            and self.python == other.python
            and all(np.array_equal(a, b) for a, b in zip(self.numpy, other.numpy))
        )


def _build(steps: Sequence[dict | Callable]) -> list[Callable]:
    return [TRANSFORMS.build(t) if isinstance(t, dict) else t for t in steps]


def _copy_arrays(inner: dict[str, Any]) -> dict[str, Any]:
    """A copy whose arrays transforms may write into."""

    def copy(value: Any) -> Any:
        if isinstance(value, np.ndarray):
            return value.copy()
        return [copy(x) for x in value] if isinstance(value, list) else value

    return {key: copy(value) for key, value in inner.items()}


def _nothing(results: dict[str, Any]) -> dict[str, Any]:
    return results


@TRANSFORMS.register_module()
class ForEachModality(BaseTransform):
    """Apply MMAction2's transforms to each modality of a sample.

    With ``shared=True`` every modality sees the same random numbers, so that
    crops and flips stay in step; mmcv's ``TransformBroadcaster`` does not
    achieve this for MMAction2's transforms. Equal numbers mean equal places
    only on frames of equal size, hence the check.

    Modalities of different kinds have their own transforms, by name::

        dict(
            type='ForEachModality',
            transforms=dict(
                rgb=[dict(type='DecordInit'), dict(type='DecordDecode')],
                skeleton=[dict(type='PoseDecode')],
            ),
        )

    Required keys: ``modalities``. Modified keys: ``modalities``.

    Args:
        transforms (list | Mapping[str, list]): Configs of MMAction2's transforms,
            or a list for each modality; those that are not named stay as they are.
        shared (bool): Same random numbers for all modalities: for the n-th
            transform of one as for the n-th of the others. Defaults to False.
        only (Sequence[str], optional): Names of the modalities to transform, for
            one list of transforms. Defaults to all.

    Raises:
        UnreadableVideo: A transform cannot read the file.
        InputError: An unknown modality is named, or a shared random transform met
            frames of different sizes or consumed different amounts of randomness.
    """

    def __init__(
        self,
        transforms: list[dict | Callable] | Mapping[str, list[dict | Callable]],
        shared: bool = False,
        only: Sequence[str] | None = None,
    ) -> None:
        self.by_name = isinstance(transforms, Mapping)
        self.shared = shared
        self.transforms: dict[str, list[Callable]] | list[Callable]
        self.only: Sequence[str] | None
        if isinstance(transforms, Mapping):
            if only is not None:
                raise InputError(
                    f'ForEachModality: only={list(only)} beside transforms by name: '
                    'name these modalities in transforms alone'
                )
            self.transforms = {name: _build(x) for name, x in transforms.items()}
            self.only = tuple(transforms)
        else:
            self.transforms, self.only = _build(transforms), only

    def transform(self, results: dict[str, Any]) -> dict[str, Any] | None:
        """Return a new sample; ``results`` is not modified."""
        modalities = dict(results['modalities'])
        unknown = set(self.only or ()) - set(modalities)
        if unknown:
            raise InputError(
                f'ForEachModality: {"transforms" if self.by_name else "only"} names '
                f'{", ".join(sorted(unknown))}, the data set has '
                f'{", ".join(modalities)}: correct the pipeline'
            )
        names = [
            name
            for name, inner in modalities.items()
            if inner is not None and (self.only is None or name in self.only)
        ]
        for name in names:
            modalities[name] = _copy_arrays(modalities[name])
        for step in self._steps(names):
            before = {name: modalities[name] for name in names}
            start, end = _RandomState(), None
            for name, transform in step.items():
                if self.shared and end is not None:
                    start.restore()
                modalities[name] = self._apply(transform, dict(before[name]))
                if modalities[name] is None:
                    return None
                if self.shared:
                    end = self._check_step(step, before, start, end)
        return dict(results, modalities=modalities)

    def _steps(self, names: Sequence[str]) -> Iterator[dict[str, Callable]]:
        """The n-th transform of each modality, for n = 0, 1, ..."""
        steps = self.transforms
        columns = [steps[n] if isinstance(steps, dict) else steps for n in names]
        for step in zip_longest(*columns):
            yield {name: t or _nothing for name, t in zip(names, step)}

    @staticmethod
    def _apply(transform: Callable, inner: dict[str, Any]) -> dict[str, Any]:
        """One transform on one modality; reading errors name the file."""
        try:
            return transform(inner)
        except Exception as error:
            if not isinstance(transform, _READERS) or isinstance(
                error, (InputError, *_MISTAKES)
            ):
                raise
            reason = str(error).strip().splitlines() or [repr(error)]
            raise UnreadableVideo(
                f'{inner["filename"]} cannot be read ({reason[-1]}): it is '
                'damaged or no video; copy it again or leave it out'
            ) from error

    @staticmethod
    def _check_step(
        step: dict[str, Callable],
        before: dict[str, dict[str, Any]],
        start: _RandomState,
        end: _RandomState | None,
    ) -> _RandomState:
        """The generators' state after a modality, if it is as it must be."""
        state = _RandomState()
        sizes = {
            name: tuple(inner['img_shape'])
            for name, inner in before.items()
            # frames, or joints in pixels
            if 'img_shape' in inner and ('imgs' in inner or 'keypoint' in inner)
        }
        drew = state != start
        types = ', '.join(dict.fromkeys(type(t).__name__ for t in step.values()))
        if drew and len(set(sizes.values())) > 1:
            raise InputError(
                f'{types} draws random numbers for pictures '
                f'of different sizes, {sizes}, and would cut out different '
                'places: put SyncResize before it'
            )
        if end is not None and not state == end:
            raise InputError(
                f'{types} drew different amounts of random numbers for the '
                'modalities, which are no longer aligned: move it out of the '
                'shared block'
            )
        return state
