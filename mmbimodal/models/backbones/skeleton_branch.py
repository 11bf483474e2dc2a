from mmaction.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor


@MODELS.register_module()
class SkeletonBranch(BaseModule):
    """A graph network of MMAction2 as a branch of ``MultiBranchBackbone``.

    ``STGCN``, ``AAGCN`` and ``AGCN`` keep the persons apart, B×M×C×T×V; a branch gives
    B×C×…. The features are averaged over joints, time and persons, as MMAction2's
    ``GCNHead`` does. A person who is not there counts, as it does there.

    Args:
        backbone (dict): Config of the graph network.
        init_cfg (dict, optional): Defaults to None.
    """

    def __init__(self, backbone: dict, init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg)
        self.backbone = MODELS.build(backbone)

    def forward(self, x: Tensor) -> Tensor:
        """Extract features.

        Args:
            x (Tensor): Skeletons, B×M×T×V×C.

        Returns:
            Tensor: B×C'.
        """
        # B×M×C'×T'×V -> B×C'
        return self.backbone(x).mean(dim=(1, 3, 4))
