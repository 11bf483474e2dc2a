from .checkpoint_match_hook import CheckpointMatchHook
from .invalid_loss_hook import InvalidLossHook
from .modality_visualization_hook import ModalityVisualizationHook

__all__ = ['CheckpointMatchHook', 'InvalidLossHook', 'ModalityVisualizationHook']
