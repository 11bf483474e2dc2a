from .hooks import CheckpointMatchHook, InvalidLossHook

__all__ = ['CheckpointMatchHook', 'InvalidLossHook']
