from .gate_loss import GateLoss, gate_loss
from .self_distill_loss import (
    SelfDistillLoss,
    prediction_distillation,
    region_distillation,
)

__all__ = [
    'GateLoss',
    'SelfDistillLoss',
    'gate_loss',
    'prediction_distillation',
    'region_distillation',
]
