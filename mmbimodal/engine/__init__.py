from .hooks import CheckpointMatchHook, InvalidLossHook, ModalityVisualizationHook

__all__ = ['CheckpointMatchHook', 'InvalidLossHook', 'ModalityVisualizationHook']
