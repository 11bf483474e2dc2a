from collections.abc import Sequence
from functools import partial
from typing import Any

import torch
from mmaction.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmbimodal.errors import InputError
from mmbimodal.structures import (
    BranchFeatures,
    Presence,
    check_branch_output,
    check_modalities,
    map_tensors,
    present_rows,
    scatter_rows,
    to_mask,
)

from ..weights import init_branch, load_init_cfg


@MODELS.register_module()
class MultiBranchBackbone(BaseModule):
    """A recognition backbone of MMAction2 for each modality, or one for all.

    With one backbone for all, modalities of equal shape run as one batch. In
    training batch norm then sees them together; in evaluation it is the same
    as one call for each.

    Args:
        branch (dict, optional): Backbone that all modalities share.
        modalities (Sequence[str], optional): Names and order of the
            modalities that share ``branch``.
        branches (dict[str, dict], optional): A backbone of its own for each
            modality instead; they may differ in architecture and in the
            number of frames. The ``init_cfg`` of each may be
            ``dict(type='Pretrained', checkpoint=…, prefix=…)``: the part of that
            name in the file, such as ``'backbone.branches.NAME'`` of a model with
            this branch alone.
        frozen (bool): No branch learns: their weights get no gradient, and they stay
            in evaluation mode, so that the statistics of batch norm stay as they are
            and nothing is dropped. Defaults to False.
        init_cfg (dict, optional): ``dict(type='Pretrained', checkpoint=…)``
            with a recognizer or backbone of MMAction2, or for 2-D ResNets
            torchvision's; loaded into every branch. It works alike for all
            backbones, whatever their own ``pretrained`` can do. Defaults to
            None.

    Raises:
        InputError: Not exactly one of ``branch`` and ``branches`` is given,
            or ``modalities`` does not belong to ``branch``.
    """

    def __init__(
        self,
        branch: dict | None = None,
        modalities: Sequence[str] | None = None,
        branches: dict[str, dict] | None = None,
        frozen: bool = False,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        if (branch is None) == (branches is None):
            raise InputError(
                'MultiBranchBackbone takes either branch, one backbone that '
                'the modalities share, or branches, one for each: set exactly '
                'one of them in the config'
            )
        if bool(modalities) == (branch is None):
            raise InputError(
                'MultiBranchBackbone takes modalities with branch, and only '
                'with it, since the keys of branches are names already: '
                'correct modalities in the config'
            )
        configs = dict(shared=branch) if branches is None else branches
        self.modalities = tuple(modalities or configs)
        self.share_weights = branch is not None
        self.branches = nn.ModuleDict(
            {name: MODELS.build(config) for name, config in configs.items()}
        )
        self.frozen = frozen
        if frozen:
            self.branches.requires_grad_(False).eval()

    def train(self, mode: bool = True) -> 'MultiBranchBackbone':
        """As upstream; ``frozen`` branches are always in evaluation mode."""
        super().train(mode)
        if self.frozen:
            self.branches.eval()
        return self

    def init_weights(self) -> None:
        """Initialise as upstream, then load the checkpoints of ``init_cfg``.

        Raises:
            InputError: A file cannot be read or does not fit.
        """
        for branch in self.branches.values():
            init_branch(branch)
        load_init_cfg(self, parts=self.branches.values())

    def forward(
        self, inputs: dict[str, Tensor], present: Presence | None = None
    ) -> dict[str, BranchFeatures]:
        """Extract the features of each modality.

        Args:
            inputs (dict[str, Tensor]): What the backbones expect: clips
                B×C×T×H×W, images (B·segments)×C×H×W, skeletons
                B×M×T×V×C.
            present (dict[str, list[bool]], optional): Which of the rows have
                the modality. Others enter no branch, so that the statistics
                of batch norm are those of present rows. Defaults to all.

        Returns:
            dict[str, BranchFeatures]: In the config's order; ``features`` is
            None for a modality that no row has.

        Raises:
            InputError: The modalities are not those of the config, or a
                branch breaks the contract of :class:`BranchFeatures`.
        """
        check_modalities(inputs, self.modalities)
        flags = {name: present[name] if present else None for name in self.modalities}
        rows = {name: present_rows(inputs[name], x) for name, x in flags.items()}
        features: dict[str, Any] = dict.fromkeys(self.modalities)
        for branch, names in self._calls(rows):
            sizes = [rows[name].shape[0] for name in names]
            # n_1×…, n_2×…, … -> (n_1 + n_2 + …)×…, one pass
            output = branch(torch.cat([rows[name] for name in names]))
            check_branch_output(output, type(branch).__name__)
            for i, name in enumerate(names):
                features[name] = map_tensors(
                    partial(_part, sizes=sizes, index=i, present=flags[name]), output
                )
        self._touch_skipped_branches(features)
        return {
            name: BranchFeatures(
                features[name],
                to_mask(flags[name], inputs[name].shape[0], inputs[name].device),
            )
            for name in self.modalities
        }

    def _calls(self, rows: dict[str, Tensor]) -> list[tuple[nn.Module, list[str]]]:
        """Which backbone takes which modalities in one batch."""
        names = [name for name, x in rows.items() if x.shape[0]]
        if not self.share_weights:
            return [(self.branches[name], [name]) for name in names]
        groups: dict[torch.Size, list[str]] = {}
        for name in names:
            groups.setdefault(rows[name].shape[1:], []).append(name)
        return [(self.branches['shared'], group) for group in groups.values()]

    def _touch_skipped_branches(self, features: dict[str, Any]) -> None:
        """Give the parameters of branches that did not run a gradient of zero.

        Distributed training waits for a gradient of every parameter.
        """
        if self.share_weights or not torch.is_grad_enabled():
            return
        skipped = [self.branches[name] for name, x in features.items() if x is None]
        zero = sum(
            0 * parameter.sum()
            for branch in skipped
            for parameter in branch.parameters()
            if parameter.requires_grad
        )
        if skipped:
            name = next(name for name, x in features.items() if x is not None)
            features[name] = map_tensors(lambda x: x + zero, features[name])


def _part(
    output: Tensor, sizes: list[int], index: int, present: list[bool] | None
) -> Tensor:
    """The rows of one of several modalities, in the places of its samples."""
    # A branch that pools the images of a sample gives fewer rows.
    images = sum(sizes) // output.shape[0]
    part = output.split([size // images for size in sizes])[index]
    return scatter_rows(part, present)
