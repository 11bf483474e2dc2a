from .branch_accuracy import BranchAccuracy
from .confusion import confusion_counts, confusion_pair
from .paired_test import PairedTest, mean_interval, paired_test
from .predictions import (
    predicted_accuracy,
    read_comparable,
    read_predictions,
)
from .save_predictions import SavePredictions
from .selection_quality import box_in_view, regions_in_box, selection_quality

__all__ = [
    'BranchAccuracy',
    'PairedTest',
    'SavePredictions',
    'box_in_view',
    'confusion_counts',
    'confusion_pair',
    'mean_interval',
    'paired_test',
    'predicted_accuracy',
    'read_comparable',
    'read_predictions',
    'regions_in_box',
    'selection_quality',
]
