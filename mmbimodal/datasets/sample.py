"""The nested dict that runs through the pipeline."""

from collections.abc import Mapping, Sequence
from typing import Any


def build_sample(
    sample_id: str,
    files: Mapping[str, str | None],
    modalities: Sequence[str],
    label: int | None = None,
    kinds: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """One sample: for each modality what MMAction2's transforms expect.

    Args:
        sample_id (str): Name of the sample.
        files (Mapping[str, str | None]): Path of each modality; None where
            the sample lacks it.
        modalities (Sequence[str]): Names and order of the modalities.
        label (int, optional): Class; left out for inference.
        kinds (Mapping[str, str], optional): MMAction2's ``modality``
            (``'Flow'``, ``'Pose'``) of those that are not ``'RGB'``, which
            is the kind of every video, infrared included.

    Returns:
        dict: ``{'sample_id', 'modalities': {name: results dict or None},
        'label'}`` in the order of ``modalities``.
    """
    inner = {
        name: None
        if files.get(name) is None
        else dict(
            filename=files[name], start_index=0, modality=(kinds or {}).get(name, 'RGB')
        )
        for name in modalities
    }
    sample = dict(sample_id=sample_id, modalities=inner)
    if label is not None:
        sample['label'] = label
    return sample
