import numpy as np
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from mmaction.utils import OptSampleList
from torch import Tensor

from mmbimodal.errors import InputError
from mmbimodal.structures import ModalityTokens

from .keyframe_selector import KeyframeSelector


@MODELS.register_module()
class OracleSelector(KeyframeSelector):
    """Selection that is told which frames show the actor.

    The ceiling of :class:`KeyframeSelector`: visible frames come first, and
    the learned score decides among them. It needs data with known truth, see
    :class:`~mmbimodal.datasets.LoadVisibility`.
    """

    def score(
        self,
        feats: dict[str, ModalityTokens],
        merged: ModalityTokens,
        data_samples: OptSampleList = None,
    ) -> Tensor:
        """Learned scores in [0, 0.5], and 0.5 more where the actor is visible.

        Args:
            feats (dict[str, ModalityTokens]): The backbone's output.
            merged (ModalityTokens): The same as one sequence of F frames.
            data_samples (list[ActionDataSample], optional): N samples; the
                metainfo of each modality holds ``visible``, M bools. Without
                samples, as when FLOPs are counted, the learned score decides.

        Returns:
            Tensor: B×F, float32.

        Raises:
            InputError: The samples do not say what is visible.
        """
        learned = super().score(feats, merged, data_samples)
        if data_samples is None:
            return learned
        visible = [
            [_visible(sample, name, x.patches.shape[1]) for name, x in feats.items()]
            for sample in data_samples
        ]
        # N×S×M -> N×F -> B×F: crops of a sample show the same frames
        known = learned.new_tensor(visible).flatten(1)
        known = known.repeat_interleave(len(learned) // len(known), dim=0)
        return (known + learned) / 2


def _visible(sample: ActionDataSample, name: str, num_frames: int) -> list[float]:
    """Of the M frames of one modality; one that the sample lacks shows nothing."""
    part = sample.modalities.get(name)
    if part is None:
        return [0.0] * num_frames
    visible = part.get('visible')
    if visible is None or len(visible) != num_frames:
        raise InputError(
            f'OracleSelector: the {name} of sample {sample.sample_id} says of '
            f'{0 if visible is None else len(visible)} frames whether they show the '
            f'actor, there are {num_frames}: put LoadVisibility into the pipeline, '
            "'visible' into the meta_keys of PackModalityInputs, and sample one clip"
        )
    return np.asarray(visible, float).tolist()
