import torch
from mmaction.registry import MODELS
from mmaction.utils import OptSampleList
from mmengine.model import BaseModule

from mmbimodal.structures import (
    FrameGroup,
    ModalityTokens,
    SelectedTokens,
    merge_modalities,
)


@MODELS.register_module()
class KeepAll(BaseModule):
    """No selection: every region of every present frame (Table 3)."""

    def forward(
        self,
        feats: dict[str, ModalityTokens],
        data_samples: OptSampleList = None,
    ) -> tuple[SelectedTokens, dict]:
        """Merge the modalities and mark everything as kept.

        Args:
            feats (dict[str, ModalityTokens]): The backbone's output.
            data_samples (list, optional): Not used; MMAction2 passes it.

        Returns:
            tuple[SelectedTokens, dict]: The merged tokens, and no auxiliary
            losses.
        """
        merged = merge_modalities(feats)
        shape = merged.patches.shape[:3]
        marks = merged.present[..., None].expand(shape).float()
        scores = torch.where(merged.present, 1.0, -torch.inf)
        frames, regions = (
            torch.arange(size, device=marks.device) for size in shape[1:]
        )
        group = FrameGroup(frames.expand(shape[0], -1), regions.expand(shape))
        return SelectedTokens(
            merged.cls_token,
            merged.patches,
            marks,
            scores,
            (group,),
            complete=len(feats) == 1,
        ), {}
