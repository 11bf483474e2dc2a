from .confusion_figure import confusion_figure, confusion_pair_figure
from .draw_joints import Joints, draw_joints
from .growth_figure import growth_figure
from .pair_figure import pair_figure
from .png import save_png
from .robustness_figure import robustness_figure
from .selection_figure import selection_figure
from .selection_video import save_selection_video
from .strata_figure import strata_figure
from .table_figure import table_figure
from .text_table import markdown_lines, mean_deviation, print_table
from .timeline_figure import timeline_figure
from .timeline_video import TimelineVideo
from .training_curves import read_scalars, training_curves
from .tsne_figure import tsne_figure

__all__ = [
    'Joints',
    'TimelineVideo',
    'confusion_figure',
    'confusion_pair_figure',
    'draw_joints',
    'growth_figure',
    'markdown_lines',
    'mean_deviation',
    'pair_figure',
    'print_table',
    'read_scalars',
    'robustness_figure',
    'save_png',
    'save_selection_video',
    'selection_figure',
    'strata_figure',
    'table_figure',
    'timeline_figure',
    'training_curves',
    'tsne_figure',
]
