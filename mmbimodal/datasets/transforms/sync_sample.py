from collections.abc import Callable
from typing import Any

import numpy as np
from mmaction.registry import TRANSFORMS

from mmbimodal.errors import UnreadableVideo

from .for_each_modality import ForEachModality


@TRANSFORMS.register_module()
class SyncSample(ForEachModality):
    """Sample frames at the same relative times in every modality.

    The modalities of a sample may differ in length and frame rate. MMAction2's
    samplers run on one clock, the length of the longest modality, with the
    same random numbers, and each modality then gets the frame nearest to that
    relative time.

    Required keys in each modality: ``total_frames``, ``start_index``.
    Added keys: those of the sampler.

    Args:
        transforms (list): Configs of MMAction2's samplers.

    Raises:
        UnreadableVideo: A video has fewer frames than one clip.
    """

    def __init__(self, transforms: list[dict | Callable]) -> None:
        super().__init__(transforms, shared=True)

    def transform(self, results: dict[str, Any]) -> dict[str, Any] | None:
        """Return a new sample; ``results`` is not modified."""
        own = {
            name: inner
            for name, inner in results['modalities'].items()
            if inner is not None
        }
        clock = max(inner['total_frames'] for inner in own.values())
        on_clock = {
            name: inner and dict(inner, total_frames=clock)
            for name, inner in results['modalities'].items()
        }
        sampled = super().transform(dict(results, modalities=on_clock))
        for name, inner in own.items():
            sampled['modalities'][name] = self._to_own_clock(
                sampled['modalities'][name], inner['total_frames'], clock
            )
        return sampled

    @staticmethod
    def _to_own_clock(inner: dict[str, Any], total: int, clock: int) -> dict[str, Any]:
        """Frame indices on the common clock → indices of this video."""
        if total < inner['clip_len']:
            raise UnreadableVideo(
                f'{inner["filename"]} has {total} frames, a clip takes '
                f'{inner["clip_len"]}: leave it out of the annotation'
            )
        start = inner['start_index']
        times = (inner['frame_inds'] - start) / max(clock - 1, 1)
        indices = np.rint(times * (total - 1)).astype(np.int32) + start
        return dict(inner, total_frames=total, frame_inds=indices)
