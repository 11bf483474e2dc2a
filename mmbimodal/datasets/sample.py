"""The nested dict that runs through the pipeline."""
from typing import Any, Dict, Mapping, Optional


def build_sample(sample_id: str,
                 files: Mapping[str, Optional[str]],
                 kinds: Mapping[str, str],
                 label: Optional[int] = None) -> Dict[str, Any]:
    """One sample: for each modality what MMAction2's transforms expect.

    Args:
        sample_id (str): Name of the sample.
        files (Mapping[str, str | None]): Path of each modality; None where
            the sample lacks it.
        kinds (Mapping[str, str]): MMAction2's ``modality`` (``'RGB'``,
            ``'Flow'``, ``'Pose'``) of each: how it is decoded.
        label (int, optional): Class; left out for inference.

    Returns:
        dict: ``{'sample_id', 'modalities': {name: results dict or None},
        'label'}`` in the order of ``kinds``.
    """
    modalities = {
        name: None if files.get(name) is None else dict(
            filename=files[name], start_index=0, modality=kind)
        for name, kind in kinds.items()
    }
    sample = dict(sample_id=sample_id, modalities=modalities)
    if label is not None:
        sample['label'] = label
    return sample
