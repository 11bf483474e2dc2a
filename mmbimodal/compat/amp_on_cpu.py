"""``--amp`` on a machine without GPU → assertion in ``AmpOptimWrapper``.

mmengine 0.10.7 allows mixed precision on accelerators only, although its own
``autocast`` runs bfloat16 on CPU. Can go when that assertion does.
"""

from contextlib import contextmanager

import torch
from mmaction.registry import OPTIM_WRAPPERS
from mmengine.optim import OptimWrapper
from mmengine.runner.amp import autocast
from torch import nn


class CPUAmpOptimWrapper(OptimWrapper):
    """bfloat16 autocast on CPU under the name ``AmpOptimWrapper``.

    bfloat16 has the exponent range of float32, so gradients need no scaling:
    ``loss_scale``, which MMAction2's ``--amp`` always sets, is accepted and
    has no effect here.
    """

    def __init__(
        self, loss_scale: object = 'dynamic', dtype: str | None = None, **kwargs
    ) -> None:
        super().__init__(**kwargs)
        if dtype not in (None, 'bfloat16'):
            raise ValueError(
                'mixed precision on CPU is bfloat16, not '
                f'{dtype}: leave `optim_wrapper.dtype` out'
            )

    @contextmanager
    def optim_context(self, model: nn.Module):
        """Forward under bfloat16 autocast, with gradient accumulation."""
        with (
            super().optim_context(model),
            autocast(device_type='cpu', dtype=torch.bfloat16),
        ):
            yield


def register() -> None:
    """Shadow mmengine's wrapper in MMAction2's registry, without GPU only."""
    if not torch.cuda.is_available():
        OPTIM_WRAPPERS.register_module(
            name='AmpOptimWrapper', module=CPUAmpOptimWrapper, force=True
        )
