from collections.abc import Sequence

import torch
from mmaction.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmbimodal.errors import InputError
from mmbimodal.structures import BranchFeatures, map_tensors, split_presence

from ..weights import load_init_cfg


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
            number of frames.
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
        self.modalities = tuple(modalities or branches)
        self.share_weights = branch is not None
        self.branches = nn.ModuleDict(
            {
                name: MODELS.build(config)
                for name, config in (branches or dict(shared=branch)).items()
            }
        )

    def init_weights(self) -> None:
        """Initialise as upstream, then load ``init_cfg``'s checkpoint.

        Raises:
            InputError: The file holds no tensor that fits a branch.
        """
        for branch in self.branches.values():
            branch.init_weights()
        load_init_cfg(self, parts=self.branches.values())

    def forward(self, inputs: dict[str, Tensor]) -> dict[str, BranchFeatures]:
        """Extract the features of each modality.

        Args:
            inputs (dict[str, Tensor]): What the backbones expect: clips
                B×C×T×H×W, images (B·segments)×C×H×W, skeletons
                B×M×T×V×C; NaN where a sample lacks the modality.

        Returns:
            dict[str, BranchFeatures]: In the config's order.

        Raises:
            InputError: The modalities are not those of the config.
        """
        streams = split_presence(inputs, self.modalities)
        features = {}
        for branch, names in self._calls(streams):
            # K×(B×…) -> (K·B)×…, one pass
            output = branch(torch.cat([streams[name][0] for name in names]))
            for i, name in enumerate(names):
                features[name] = map_tensors(lambda x: x.chunk(len(names))[i], output)
        return {
            name: BranchFeatures(features[name], present)
            for name, (_, present) in streams.items()
        }

    def _calls(self, streams: dict[str, tuple]) -> list[tuple]:
        """Which backbone takes which modalities in one batch."""
        if not self.share_weights:
            return [(self.branches[name], [name]) for name in streams]
        groups: dict[torch.Size, list[str]] = {}
        for name, (x, _) in streams.items():
            groups.setdefault(x.shape, []).append(name)
        return [(self.branches['shared'], names) for names in groups.values()]
