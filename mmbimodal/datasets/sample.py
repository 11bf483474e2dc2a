"""The nested dict that runs through the pipeline."""

import os.path as osp
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .image_folder import image_names


def build_sample(
    sample_id: str,
    files: Mapping[str, str | np.ndarray | None],
    modalities: Sequence[str],
    label: int | None = None,
    kinds: Mapping[str, str] | None = None,
    offsets: Mapping[str, float] | None = None,
    value_windows: Mapping[str, Sequence[float]] | None = None,
    **piece: float,
) -> dict[str, Any]:
    """One sample: for each modality what MMAction2's transforms expect.

    Args:
        sample_id (str): Name of the sample.
        files (Mapping[str, str | np.ndarray | None]): Path of each modality, a file
            or a folder of images, or its decoded frames; None where the sample lacks
            it.
        modalities (Sequence[str]): Names and order of the modalities.
        label (int, optional): Class; left out for inference.
        kinds (Mapping[str, str], optional): MMAction2's ``modality``
            (``'Flow'``, ``'Pose'``) of those that are not ``'RGB'``, which
            is the kind of every video, infrared included.
        offsets (Mapping[str, float], optional): Time of the first frame of a
            modality on the sample's clock, in seconds. Defaults to 0.
        value_windows (Mapping[str, Sequence[float]], optional): Grey values of a
            modality that become 0 and 255, where it has more than 8 bits.
        piece (float): ``start`` and ``end``, in seconds on the sample's clock, if
            the sample is a piece of longer videos.

    Returns:
        dict: ``{'sample_id', 'modalities': {name: results dict or None},
        'label', 'start', 'end'}``, the modalities in the order of ``modalities``.
    """
    inner: dict[str, dict[str, Any] | None] = {}
    for name in modalities:
        source = files.get(name)
        if source is None:
            inner[name] = None
            continue
        kind = (kinds or {}).get(name, 'RGB')
        own: dict[str, Any] = dict(filename=source, start_index=0, modality=kind)
        if isinstance(source, np.ndarray):
            # the key of MMAction2's ArrayDecode
            own.update(filename=f'the array of {name}', array=source)
        elif osp.isdir(source):
            own.update(_raw_frames(source))
        if offsets and name in offsets:
            own['time_offset'] = offsets[name]
        if value_windows and name in value_windows:
            own['value_window'] = value_windows[name]
        inner[name] = own
    sample = dict(sample_id=sample_id, modalities=inner, **piece)
    if label is not None:
        sample['label'] = label
    return sample


def _raw_frames(folder: str) -> dict[str, Any]:
    """What MMAction2's ``RawFrameDecode`` needs, where names allow it.

    Its template holds a number without gaps. ``OpenVideo`` takes all names.
    """
    names = image_names(folder)
    found = dict(frame_dir=folder, total_frames=len(names))
    match = re.fullmatch(r'(.*?)(\d+)(\D*)', names[0])
    if match:
        stem, digits, rest = match.groups()
        template = f'{stem}{{:0{len(digits)}}}{rest}'
        first = int(digits)
        if names == [template.format(first + i) for i in range(len(names))]:
            found.update(filename_tmpl=template, start_index=first)
    return found
