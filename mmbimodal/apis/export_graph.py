"""A recognizer as one graph that ONNX can hold, for every batch size."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from mmbimodal.structures import (
    BranchFeatures,
    ModalityTokens,
    broadcast_rows,
    map_tensors,
)


class Probabilities(nn.Module):
    """A recognizer from normalised inputs to the scores of ``test_step``.

    In eager mode rows that lack a modality enter no branch. A graph would have to wait
    for the flags to choose rows: here all rows enter, and the features of the others
    become zero, as they are in eager mode.

    Args:
        model (nn.Module): In evaluation mode.
    """

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(
        self, inputs: dict[str, Tensor], present: Tensor | None = None
    ) -> Tensor:
        """Predict.

        Args:
            inputs (dict[str, Tensor]): Of each of M modalities B×V×….
            present (Tensor, optional): Which modalities a sample has, B×M, bool, in
                the order of ``inputs``. Defaults to all.

        Returns:
            Tensor: Scores, B×K.
        """
        views = next(iter(inputs.values())).shape[1]
        # Heads for images gather the views of a sample themselves.
        images = any(x.ndim == 5 for x in inputs.values())
        if present is not None:
            # B×M -> M times (B·V)
            columns = present.repeat_interleave(views, dim=0).unbind(dim=1)
            flags = dict(zip(inputs, columns))
            hook = self.model.backbone.register_forward_hook(
                lambda module, args, feats: {
                    name: _clear_absent(part, flags[name])
                    for name, part in feats.items()
                }
            )
        try:
            with _ConvolutionPerRow():
                scores = self.model(inputs, stage='head')
        finally:
            if present is not None:
                hook.remove()
        return self.model.cls_head.average_clip(scores, 1 if images else views)


def _clear_absent(
    part: ModalityTokens | BranchFeatures, present: Tensor
) -> ModalityTokens | BranchFeatures:
    """Zero in the rows that lack the modality; the flags, B, in their place."""

    def clear(x: Tensor) -> Tensor:
        return torch.where(broadcast_rows(present, x), x, 0.0)

    if isinstance(part, BranchFeatures):
        return BranchFeatures(map_tensors(clear, part.features), present)
    cls_token, patches, saliency, _ = part
    return ModalityTokens(
        clear(cls_token),
        clear(patches),
        None if saliency is None else clear(saliency),
        present,
    )


class _ConvolutionPerRow(TorchFunctionMode):
    """Sums of products in place of convolutions with a kernel for each row.

    Upstream's ``TAM`` writes B·C rows as the groups of one convolution. In ONNX the
    number of groups is a constant, so that the graph would fit one batch size only.
    """

    def __torch_function__(
        self, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        if function is F.conv2d and isinstance(kwargs.get('groups'), torch.SymInt):
            return convolve_rows(*args, **kwargs)
        return function(*args, **kwargs)


def convolve_rows(
    x: Tensor,
    kernel: Tensor,
    bias: None,
    stride: tuple[int, int],
    padding: tuple[int, int],
    groups: int,
) -> Tensor:
    """``F.conv2d`` of R rows, each with its own kernel along one axis.

    Args:
        x (Tensor): 1×R×T×S.
        kernel (Tensor): R×1×k×1.
        bias: Not used, as upstream.
        stride (tuple[int, int]): Along T, 1 along S.
        padding (tuple[int, int]): Along T, 0 along S.
        groups (int): R.

    Returns:
        Tensor: 1×R×T'×S.
    """
    x = F.pad(x, (0, 0, padding[0], padding[0]))
    taps = kernel.shape[2]
    stop = x.shape[2] - taps + 1
    # R×1×k×1 -> k times 1×R×1×1
    weights = kernel.movedim(2, 0).unbind()
    products = [
        # 1×R×1×1 · 1×R×T'×S
        weight[None] * x[:, :, i : i + stop : stride[0]]
        for i, weight in enumerate(weights)
    ]
    return torch.stack(products).sum(dim=0)
