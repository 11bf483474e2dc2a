"""Linear layer that a CPU may compute as a 1×1 convolution.

This file holds the only change of an operator for the sake of speed, and the
only switch for it: the environment variable ``MMBIMODAL_ONEDNN_LINEAR``, which
is read at import. By default the convolution computes predictions only, because
its backward pass is slower than MKL's on some processors (docs/benchmarks.md).
``0`` turns it off, ``1`` turns it on in training, too. It runs in eager mode on
a CPU only, never in a compiled, traced or exported model.
"""

import os

import torch
import torch.nn.functional as F
from torch import Tensor, nn

_SWITCH = os.environ.get('MMBIMODAL_ONEDNN_LINEAR', '')
USE_ONEDNN = _SWITCH != '0' and torch.backends.mkldnn.is_available()
IN_TRAINING = _SWITCH == '1'
# Elements of the input below which reordering the weights costs what the
# faster product gains.
MIN_ELEMENTS = 2**15


def runs_as_convolution(x: Tensor) -> bool:
    """Whether :func:`linear` computes the product of ``x`` as a convolution."""
    return (
        USE_ONEDNN
        # First of all: a compiler must not see a condition on the size.
        and not torch.compiler.is_compiling()
        and not torch.jit.is_tracing()
        and (IN_TRAINING or not torch.is_grad_enabled())
        and x.device.type == 'cpu'
        and x.dtype == torch.float32
        and not torch.is_autocast_enabled('cpu')
        and x.numel() >= MIN_ELEMENTS
    )


def linear(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """:func:`torch.nn.functional.linear`, faster in float32 on some CPUs.

    PyTorch gives a float32 matrix product on x86 to MKL, but a convolution to
    oneDNN, which uses all vector units of AMD's processors as well. Where MKL
    uses half of them, the 1×1 convolution over the same memory takes half the
    time. Everywhere else this is ``F.linear``.

    Args:
        x (Tensor): …×I.
        weight (Tensor): O×I.
        bias (Tensor, optional): O.

    Returns:
        Tensor: …×O.
    """
    if not runs_as_convolution(x):
        return F.linear(x, weight, bias)
    # …×I -> 1×I×K×1, channels last: K tokens are the pixels of a picture
    pixels = x.reshape(1, -1, 1, x.shape[-1]).permute(0, 3, 1, 2)
    # Of a 1×1 kernel the dilation changes nothing, but without it a single
    # thread does not get to oneDNN.
    out = F.conv2d(pixels, weight[:, :, None, None], bias, dilation=(1, 2))
    # 1×O×K×1 -> …×O
    return out.permute(0, 2, 3, 1).reshape(*x.shape[:-1], len(weight))


class Linear(nn.Linear):
    """:class:`torch.nn.Linear` through :func:`linear`."""

    def forward(self, x: Tensor) -> Tensor:
        """…×I → …×O."""
        return linear(x, self.weight, self.bias)
