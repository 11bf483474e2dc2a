from collections.abc import Sequence
from typing import Any

import torch
from mmaction.registry import MODELS
from mmaction.utils import OptSampleList
from mmengine.model import BaseModule
from torch import nn

from mmbimodal.errors import InputError
from mmbimodal.structures import BranchFeatures, align_features, map_tensors, tensors_of

Channels = int | Sequence[int]


def _listed(channels: Channels) -> tuple[int, ...]:
    return (channels,) if isinstance(channels, int) else tuple(channels)


@MODELS.register_module()
class FeatureConcat(BaseModule):
    """Concatenate the channels of all modalities.

    Without arguments that is all: the head's ``in_channels`` is then the sum
    of the branches' channels. With ``out_channels`` a linear layer projects
    back, for heads that have layers of a given width. Absent modalities enter
    as zeros; of one that no sample of a batch has, the width is ``in_channels``
    or else that of another modality.

    Args:
        in_channels (dict[str, int | Sequence[int]], optional): Channels C of
            each modality, for the projection; a sequence where a branch gives
            several tensors (pathways, patch and class tokens). Defaults to
            None.
        out_channels (int | Sequence[int], optional): Channels after the
            projection, those that the head expects. Defaults to None.

    Raises:
        InputError: Only one of the two is given, or the modalities differ in
            their number of tensors.
    """

    def __init__(
        self,
        in_channels: dict[str, Channels] | None = None,
        out_channels: Channels | None = None,
    ) -> None:
        super().__init__()
        if (in_channels is None) != (out_channels is None):
            raise InputError(
                'FeatureConcat projects from in_channels to out_channels: '
                'give both, or neither and the sum of the channels as '
                'cls_head.in_channels'
            )
        self.projections = None
        if in_channels is None or out_channels is None:
            return
        widths = {name: _listed(x) for name, x in in_channels.items()}
        outs = _listed(out_channels)
        if any(len(x) != len(outs) for x in widths.values()):
            raise InputError(
                f'FeatureConcat: in_channels {dict(in_channels)} and '
                f'out_channels {out_channels} must list as many numbers each'
            )
        self.widths = widths
        self.projections = nn.ModuleList(
            nn.Linear(sum(ins), out) for ins, out in zip(zip(*widths.values()), outs)
        )

    def forward(
        self,
        feats: dict[str, BranchFeatures],
        data_samples: OptSampleList = None,
    ) -> tuple[Any, dict]:
        """Concatenate and, where asked for, project.

        Args:
            feats (dict[str, BranchFeatures]): The backbone's output.
            data_samples (list, optional): Not used; MMAction2 passes it.

        Returns:
            tuple[Tensor | tuple | list, dict]: What one branch gives, with
            all channels or ``out_channels``, and no auxiliary losses.

        Raises:
            InputError: The features have other channels than the config says.
        """
        structures = align_features(feats)
        if self.projections is None:
            return map_tensors(lambda *x: torch.cat(x, dim=1), *structures), {}
        structures = [
            self._zeros(name, structure) if feats[name].features is None else structure
            for name, structure in zip(feats, structures)
        ]
        found = {
            name: tuple(x.shape[1] for x in tensors_of(structure))
            for name, structure in zip(feats, structures)
        }
        if found != self.widths:
            raise InputError(
                f'FeatureConcat: the branches give {found} '
                f'channels, in_channels says {self.widths}: '
                'correct neck.in_channels'
            )
        projections = iter(self.projections)
        # B×C_1×…, B×C_2×… -> B×…×(C_1+C_2) -> B×C×…
        return map_tensors(
            lambda *x: next(projections)(torch.cat(x, dim=1).movedim(1, -1)).movedim(
                -1, 1
            ),
            *structures,
        ), {}

    def _zeros(self, name: str, structure: Any) -> Any:
        """Zeros in a structure of B×C×…, with the modality's channels."""
        widths = iter(self.widths.get(name, ()))
        return map_tensors(
            lambda x: x.new_zeros(x.shape[0], next(widths, x.shape[1]), *x.shape[2:]),
            structure,
        )
