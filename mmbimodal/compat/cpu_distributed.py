"""Two processes on CPU → ``torch.cuda.set_device`` fails.

mmengine 0.10.7 selects a CUDA device for every ``--launcher pytorch`` process
and passes ``device_ids`` to DistributedDataParallel, both without looking
whether there is a GPU. Can go when mmengine starts gloo processes by itself.
"""

import torch
import torch.distributed as torch_dist
from mmengine.dist import utils as dist_utils
from mmengine.model import MMDistributedDataParallel
from mmengine.runner import runner as runner_module


class CPUDistributedDataParallel(MMDistributedDataParallel):
    """:class:`MMDistributedDataParallel` of a module on CPU."""

    def __init__(self, module, device_ids=None, **kwargs) -> None:
        super().__init__(module=module, **kwargs)


def _init_gloo(backend: str, init_backend: str = 'torch', **kwargs) -> None:
    """``init_process_group`` with the one backend that runs on CPU."""
    torch_dist.init_process_group(backend='gloo', **kwargs)


def patch() -> None:
    """Replace both functions on machines without GPU."""
    if not torch.cuda.is_available():
        dist_utils._init_dist_pytorch = _init_gloo
        runner_module.MMDistributedDataParallel = CPUDistributedDataParallel
