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

from ..layers import (
    alternating_order,
    descending_order,
    perturbed_jacobian,
    straight_through,
)

# Range of the scores below which the gradient of eq. 4 grows no further.
MIN_RANGE = 0.01


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

    Scores are float32 from FC1 on, also under automatic mixed precision: in
    half precision the frames of most samples tie. Of equal scores the
    modalities take turns (:func:`.alternating_order`).

    Args:
        in_channels (int): Channels C.
        k1 (float): Share of key frames. Defaults to 0.25.
        k2 (float): Share of secondary key frames. Defaults to 0.25.
        r1 (float): Share of regions kept in a key frame. Defaults to 0.60.
        r2 (float): Same in a secondary key frame. Defaults to 0.35.
        sigma (float): Standard deviation of the noise, in units of the
            normalised score. Defaults to 0.05.
        num_samples (int): Draws of the noise. Defaults to 500.
        centre_gradient (bool): Extension, not in the paper: the gradient of
            the chosen frames' marks, less its mean over them, is what the
            scores get. Dropped frames get no gradient, so that without it
            frames are favoured for being chosen. Defaults to False.
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
        centre_gradient: bool = False,
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
        self.centre_gradient = centre_gradient
        self.fc1 = nn.Linear(in_channels, in_channels // 2)
        self.fc2 = nn.Linear(in_channels // 2 * 2, 1)

    def score_frames(self, patches: Tensor, present: Tensor) -> Tensor:
        """Normalised score of each frame (eqs 1–4).

        Absent frames enter neither the mean of eq. 2 nor the extremes of
        eq. 4. Equal scores of all frames become 0.

        Args:
            patches (Tensor): Patch features of all modalities, B×F×N×C.
            present (Tensor): Which frames are present, B×F, bool.

        Returns:
            Tensor: Scores in [0, 1], B×F, float32; 0 for absent frames.
        """
        with torch.autocast(patches.device.type, enabled=False):
            # B×F×N×C -> B×F×C
            pooled = patches.mean(dim=2, dtype=self.fc1.weight.dtype)
            # B×F×C -> B×F×C/2
            f_loc = self.fc1(pooled)  # eq. 1
            weight = present.unsqueeze(-1).to(f_loc.dtype)
            count = weight.sum(dim=1, keepdim=True).clamp_min(1)
            # B×F×C/2 -> B×1×C/2
            f_glo = (f_loc * weight).sum(dim=1, keepdim=True) / count
            # -> B×F×C
            f = torch.cat((f_loc, f_glo.expand_as(f_loc)), dim=-1)  # eq. 2
            # B×F×C -> B×F
            s = self.fc2(f).squeeze(-1).float()  # eq. 3
        return normalise_scores(s, present)  # eq. 4

    def score(
        self,
        feats: dict[str, ModalityTokens],
        merged: ModalityTokens,
        data_samples: OptSampleList = None,
    ) -> Tensor:
        """What the ranking follows; a subclass may know more than the frames.

        Args:
            feats (dict[str, ModalityTokens]): The backbone's output.
            merged (ModalityTokens): The same as one sequence of F frames.
            data_samples (list[ActionDataSample], optional): Not used.

        Returns:
            Tensor: Scores in [0, 1], B×F, float32; 0 for absent frames.
        """
        return self.score_frames(merged.patches, merged.present)

    def forward(
        self,
        feats: dict[str, ModalityTokens],
        data_samples: OptSampleList = None,
    ) -> tuple[SelectedTokens, dict]:
        """Select.

        Args:
            feats (dict[str, ModalityTokens]): The backbone's output.
            data_samples (list[ActionDataSample], optional): For :meth:`score`.

        Returns:
            tuple[SelectedTokens, dict]: The marked tokens of all modalities,
            and no auxiliary losses.

        Raises:
            InputError: The backbone gives no saliency.
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
        num_regions_kept = [
            num_kept(num_regions, share) for share in (self.r1, self.r2)
        ]
        per_modality = [x.patches.shape[1] for x in feats.values()]

        scores = self.score(feats, merged, data_samples)
        ranking = scores.masked_fill(~merged.present, -torch.inf)
        frame_order = self._order_frames(ranking.detach(), per_modality)
        region_order = descending_order(merged.saliency, max(num_regions_kept))

        key, kept = (
            self._mark_frames(scores, ranking, frame_order[:, :count])
            for count in (num_key, num_selected)
        )
        key_regions, secondary_regions = (
            torch.zeros_like(merged.saliency).scatter_(
                2, region_order[..., :count], 1.0
            )
            for count in num_regions_kept
        )
        # B×F×1 · B×F×N -> B×F×N
        marks = (
            key[..., None] * key_regions + (kept - key)[..., None] * secondary_regions
        )  # eq. 8

        spans = ((0, num_key), (num_key, num_selected))
        groups = tuple(
            frame_group(frame_order[:, start:stop], region_order, count)
            for (start, stop), count in zip(spans, num_regions_kept)
            if stop > start
        )
        return SelectedTokens(
            merged.cls_token,
            merged.patches,
            marks,
            ranking.detach(),
            groups,
            # Every sample has a modality: with enough frames in each of them,
            # no sample can be short of frames.
            complete=num_selected <= min(per_modality),
        ), {}

    def _order_frames(self, ranking: Tensor, per_modality: list[int]) -> Tensor:
        """Frames from the best to the worst, B×F; ties alternate."""
        order = torch.tensor(alternating_order(per_modality), device=ranking.device)
        return order[descending_order(ranking[:, order])]

    def _mark_frames(self, scores: Tensor, ranking: Tensor, frames: Tensor) -> Tensor:
        """1 for the best frames, with the perturbed gradient in training.

        Args:
            scores (Tensor): Normalised scores with gradient, B×F.
            ranking (Tensor): The same, −inf for absent frames, B×F.
            frames (Tensor): Indices of the best frames, B×k.

        Returns:
            Tensor: B×F; 0 for absent frames even where too few are left.
        """
        hard = torch.zeros_like(scores).scatter(1, frames, 1.0)
        if self.training:
            with torch.no_grad():
                noise = torch.randn(
                    self.num_samples, *scores.shape, device=scores.device
                )
                jacobian = perturbed_jacobian(
                    ranking, frames.shape[1], noise, self.sigma
                )
            chosen = hard * ranking.isfinite()
            hard = straight_through(hard, scores, jacobian)
            if self.centre_gradient and hard.requires_grad:
                hard.register_hook(lambda grad: centred(grad, chosen))
        return hard * ranking.isfinite()


def centred(grad: Tensor, chosen: Tensor) -> Tensor:
    """Gradient of the chosen frames less its mean over them.

    Args:
        grad (Tensor): Gradient of the frames' marks, B×F.
        chosen (Tensor): 1 for the chosen frames, 0 for the others, B×F.

    Returns:
        Tensor: B×F; 0 for the frames that are not chosen.
    """
    count = chosen.sum(dim=1, keepdim=True).clamp_min(1)
    mean = (grad * chosen).sum(dim=1, keepdim=True) / count
    return (grad - mean) * chosen


def normalise_scores(scores: Tensor, present: Tensor) -> Tensor:
    r"""Min–max normalisation over the present frames (eq. 4).

    .. math:: \hat s_i = (s_i - \min_j s_j) / (\max_j s_j - \min_j s_j)

    The gradient grows with the inverse of the range. Where the scores
    coincide it would be without bound: below a range of ``MIN_RANGE`` the
    gradient, not the value, is that of a range of ``MIN_RANGE``.

    Args:
        scores (Tensor): s, B×F.
        present (Tensor): Which frames are present, B×F, bool.

    Returns:
        Tensor: B×F in [0, 1]; 0 for absent frames and where all are equal.
    """
    low = scores.masked_fill(~present, torch.inf).amin(dim=1, keepdim=True)
    high = scores.masked_fill(~present, -torch.inf).amax(dim=1, keepdim=True)
    span = high - low
    bounded = (scores - low) / span.clamp_min(MIN_RANGE)
    exact = ((scores - low) / span.clamp_min(1e-6)).detach()
    normalised = exact + (bounded - bounded.detach())
    return torch.where(present, normalised, 0.0)
