from .branch_accuracy import BranchAccuracy
from .confusion import confusion_counts, confusion_pair
from .paired_test import PairedTest, mean_interval, paired_test
from .predictions import (
    predicted_accuracy,
    read_comparable,
    read_predictions,
    subset,
)
from .save_predictions import SavePredictions
from .selection_quality import box_in_view, regions_in_box, selection_quality
from .strata import Stratum, find_strata, measure_strata, read_truth

__all__ = [
    'BranchAccuracy',
    'PairedTest',
    'SavePredictions',
    'Stratum',
    'box_in_view',
    'confusion_counts',
    'confusion_pair',
    'find_strata',
    'mean_interval',
    'measure_strata',
    'paired_test',
    'predicted_accuracy',
    'read_comparable',
    'read_predictions',
    'read_truth',
    'regions_in_box',
    'selection_quality',
    'subset',
]
