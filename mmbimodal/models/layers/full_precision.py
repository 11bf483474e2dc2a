import torch
from torch import nn


def full_precision(module: nn.Module) -> torch.autocast:
    """Context in which a module computes in float32, whatever surrounds it.

    Exponentials, evidence, energies and logarithms overflow in half precision.

    Args:
        module (nn.Module): Its parameters are on one device.
    """
    device = next(module.parameters()).device.type
    return torch.autocast(device_type=device, enabled=False)
