from .checkpoint_match_hook import CheckpointMatchHook
from .invalid_loss_hook import InvalidLossHook

__all__ = ['CheckpointMatchHook', 'InvalidLossHook']
