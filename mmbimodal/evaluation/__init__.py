from .branch_accuracy import BranchAccuracy
from .confusion import confusion_counts, confusion_pair
from .predictions import predicted_accuracy
from .save_predictions import SavePredictions
from .selection_quality import box_in_view, regions_in_box, selection_quality

__all__ = [
    'BranchAccuracy',
    'SavePredictions',
    'box_in_view',
    'confusion_counts',
    'confusion_pair',
    'predicted_accuracy',
    'regions_in_box',
    'selection_quality',
]
