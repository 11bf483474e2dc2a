"""What is wrong, or looks wrong, with samples and their scores."""

import warnings
from collections.abc import Mapping, Sequence

from mmaction.structures import ActionDataSample
from torch import Tensor, nn

from mmbimodal.errors import InputError

# Lengths that differ by a larger share than this are hardly of one recording.
_MAX_DIFFERENCE = 0.2
# Mean difference of the channels, in grey levels, from which on frames have colour.
_COLOURED = 3.0


def check_scores(samples: Sequence[ActionDataSample]) -> None:
    """Refuse predictions that are no numbers.

    Raises:
        InputError: A score is NaN or infinite.
    """
    for sample in samples:
        if not sample.pred_score.isfinite().all():
            raise InputError(
                f'the scores of {sample.sample_id} are NaN or infinite, which the '
                'weights cause: take an earlier checkpoint, or train with a lower '
                'learning rate'
            )


def warn_of_lengths(samples: Sequence[ActionDataSample]) -> None:
    """Warn where the modalities of a sample differ in length by more than 20 %.

    Args:
        samples (Sequence[ActionDataSample]): With the ``duration`` of ``SyncSample``.
    """
    for sample in samples:
        seconds = {
            name: x['duration']
            for name, x in sample.modalities.items()
            if 'duration' in x
        }
        warn_of_durations(sample.sample_id, seconds)


def warn_of_durations(sample_id: str, seconds: Mapping[str, float]) -> None:
    """Warn where durations differ by more than 20 %.

    Args:
        sample_id (str): Name of the sample.
        seconds (Mapping[str, float]): Modality → its duration.
    """
    if seconds and min(seconds.values()) < (1 - _MAX_DIFFERENCE) * max(
        seconds.values()
    ):
        lengths = ', '.join(f'{name} {x:.1f} s' for name, x in seconds.items())
        warnings.warn(
            f'the lengths of {sample_id} differ by more than '
            f'{_MAX_DIFFERENCE:.0%} ({lengths}), and only the common time is '
            'used: check that the files belong together',
            stacklevel=2,
        )


def warn_of_swapped(preprocessor: nn.Module, batch: dict) -> None:
    """Warn where a grey modality has colours and a coloured one has none.

    The means and deviations of the config say which modality is which: those of a
    grey one are the same for all channels.

    Args:
        preprocessor (nn.Module): Of the model.
        batch (dict): Collated samples, before the preprocessor.
    """
    expected = {
        name: any((x.flatten() != x.flatten()[0]).any() for x in (part.mean, part.std))
        for name, part in preprocessor.preprocessors.items()
        if hasattr(part, 'mean')  # joints are not normalised
    }
    for i, sample in enumerate(batch['data_samples']):
        # A model may leave out a modality that the config can normalise.
        frames = {name: x[i] for name, x in batch['inputs'].items() if name in expected}
        found = {name: _coloured(x) for name, x in frames.items() if x.numel()}
        grey = [name for name, x in found.items() if expected[name] and not x]
        coloured = [name for name, x in found.items() if x and not expected[name]]
        if grey and coloured:
            warnings.warn(
                f'the {grey[0]} of {sample.sample_id} is grey and its {coloured[0]} '
                'has colours, unlike in the training data: check that they are not '
                'swapped',
                stacklevel=2,
            )


def _coloured(frames: Tensor) -> bool:
    """Whether frames V×3×… have colours."""
    values = frames.float()
    return bool((values.amax(dim=1) - values.amin(dim=1)).mean() > _COLOURED)
