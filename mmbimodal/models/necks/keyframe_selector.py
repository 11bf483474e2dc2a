import torch
from mmaction.registry import MODELS
from mmaction.utils import OptSampleList
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmbimodal.errors import InputError
from mmbimodal.structures import (
    ModalityTokens,
    SelectedTokens,
    frame_group,
    merge_modalities,
    num_kept,
)

from ..layers import perturbed_jacobian, straight_through, top_indicator


@MODELS.register_module()
class KeyframeSelector(BaseModule):
    """Key frames and salient regions of all modalities (eqs 1–4 and 8).

    The frames of all modalities compete in one ranking. The best ``k1`` are
    key frames and keep their ``r1`` most salient regions, the next ``k2`` are
    secondary key frames and keep ``r2``, the rest is background. Every sample
    so keeps the same number of regions.

    Readings: ``k2`` is a share of all frames, not of the remainder, since in
    every row of Table 4 k1 + k2 = 0.5 and both times 16 are whole numbers.
    A hard selection passes no gradient and the paper does not say how the
    scorer learns: as in ref. 30, whose scorer it is, the gradient is that of
    the top-k under Gaussian noise, here straight through the hard marks.

    As the paper has it, FC2 is linear: the global feature of eq. 2 then adds
    the same to every frame's score, and eq. 4 takes it away again. Its half
    of FC2 gets a gradient of zero.

    Args:
        in_channels (int): Channels C.
        k1 (float): Share of key frames. Defaults to 0.25.
        k2 (float): Share of secondary key frames. Defaults to 0.25.
        r1 (float): Share of regions kept in a key frame. Defaults to 0.60.
        r2 (float): Same in a secondary key frame. Defaults to 0.35.
        sigma (float): Standard deviation of the noise, in units of the
            normalised score. Defaults to 0.05.
        num_samples (int): Draws of the noise. Defaults to 500.
        init_cfg (dict, optional): Defaults to Xavier.
    """

    def __init__(
        self,
        in_channels: int,
        k1: float = 0.25,
        k2: float = 0.25,
        r1: float = 0.60,
        r2: float = 0.35,
        sigma: float = 0.05,
        num_samples: int = 500,
        init_cfg: dict | None = dict(type='Xavier', layer='Linear'),
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        if not (0 < k1 <= 1 and 0 <= k2 <= 1 and k1 + k2 <= 1):
            raise InputError(
                f'KeyframeSelector: k1={k1} and k2={k2} are '
                'shares of all frames: 0 < k1, 0 <= k2 and '
                'k1 + k2 <= 1'
            )
        if not (0 < r1 <= 1 and 0 < r2 <= 1):
            raise InputError(
                f'KeyframeSelector: r1={r1} and r2={r2} are '
                'shares of the regions: 0 < r <= 1'
            )
        self.k1, self.k2, self.r1, self.r2 = k1, k2, r1, r2
        self.sigma, self.num_samples = sigma, num_samples
        self.fc1 = nn.Linear(in_channels, in_channels // 2)
        self.fc2 = nn.Linear(in_channels // 2 * 2, 1)

    def score_frames(self, patches: Tensor, present: Tensor) -> Tensor:
        """Normalised score of each frame (eqs 1–4).

        Absent frames enter neither the mean of eq. 2 nor the extremes of
        eq. 4. Equal scores of all frames become 0.

        Args:
            patches (Tensor): Joint patch features, B×F×N×C.
            present (Tensor): Which frames there are, B×F, bool.

        Returns:
            Tensor: Scores in [0, 1], B×F, float32; 0 for absent frames.
        """
        there = present.unsqueeze(-1)
        # B×F×N×C -> B×F×C/2
        f_loc = self.fc1(patches.mean(dim=2))  # eq. 1
        f_glo = (f_loc * there).sum(dim=1, keepdim=True) / there.sum(
            dim=1, keepdim=True
        ).clamp_min(1)
        f = torch.cat((f_loc, f_glo.expand_as(f_loc)), dim=-1)  # eq. 2
        s = self.fc2(f).squeeze(-1).float()  # eq. 3
        low = s.masked_fill(~present, torch.inf).amin(dim=1, keepdim=True)
        high = s.masked_fill(~present, -torch.inf).amax(dim=1, keepdim=True)
        scale = (high - low).clamp_min(1e-6)
        return torch.where(present, (s - low) / scale, 0.0)  # eq. 4

    def forward(
        self,
        feats: dict[str, ModalityTokens],
        data_samples: OptSampleList = None,
    ) -> tuple[SelectedTokens, dict]:
        """Select.

        Args:
            feats (dict[str, ModalityTokens]): The backbone's output.
            data_samples (list, optional): Not used; MMAction2 passes it.

        Returns:
            tuple[SelectedTokens, dict]: The marked joint tokens, and no
            auxiliary losses.
        """
        merged = merge_modalities(feats)
        if merged.saliency is None:
            raise InputError(
                'KeyframeSelector needs the saliency of the '
                'regions: set backbone.with_saliency=True'
            )
        num_frames, num_regions = merged.saliency.shape[1:]
        num_key = num_kept(num_frames, self.k1)
        num_selected = num_key
        if self.k2:
            num_selected = min(num_frames, num_key + num_kept(num_frames, self.k2))

        scores = self.score_frames(merged.patches, merged.present)
        ranking = scores.masked_fill(~merged.present, -torch.inf)
        key = self._mark_frames(scores, ranking, num_key)
        kept = self._mark_frames(scores, ranking, num_selected)

        counts = [num_kept(num_regions, share) for share in (self.r1, self.r2)]
        region_order = merged.saliency.argsort(dim=2, descending=True, stable=True)
        key_regions, secondary_regions = (
            torch.zeros_like(merged.saliency).scatter_(
                2, region_order[..., :count], 1.0
            )
            for count in counts
        )
        marks = (
            key[..., None] * key_regions + (kept - key)[..., None] * secondary_regions
        )  # eq. 8

        frame_order = ranking.argsort(dim=1, descending=True, stable=True)
        spans = ((0, num_key), (num_key, num_selected))
        groups = tuple(
            frame_group(frame_order[:, start:stop], region_order, count)
            for (start, stop), count in zip(spans, counts)
            if stop > start
        )
        # One modality is always there: with enough frames in each of them,
        # no sample can be short of frames.
        fewest = min(x.patches.shape[1] for x in feats.values())
        return SelectedTokens(
            merged.cls_token,
            merged.patches,
            marks,
            ranking.detach(),
            groups,
            complete=num_selected <= fewest,
        ), {}

    def _mark_frames(self, scores: Tensor, ranking: Tensor, count: int) -> Tensor:
        """1 for the best frames, with the perturbed gradient in training.

        Args:
            scores (Tensor): Normalised scores with gradient, B×F.
            ranking (Tensor): The same, −inf for absent frames, B×F.
            count (int): How many frames.

        Returns:
            Tensor: B×F; 0 for absent frames even where too few are left.
        """
        present = ranking.isfinite()
        hard = top_indicator(ranking.detach(), count)
        if self.training:
            with torch.no_grad():
                noise = torch.randn(
                    self.num_samples, *scores.shape, device=scores.device
                )
                jacobian = perturbed_jacobian(ranking, count, noise, self.sigma)
            hard = straight_through(hard, scores, jacobian)
        return hard * present
