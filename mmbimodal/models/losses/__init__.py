from .self_distill_loss import (
    SelfDistillLoss,
    prediction_distillation,
    region_distillation,
)

__all__ = ['SelfDistillLoss', 'prediction_distillation', 'region_distillation']
