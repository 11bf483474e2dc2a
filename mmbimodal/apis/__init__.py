from mmbimodal.structures import ModalitySelection, Selection

from .complexity import get_complexity
from .config import load_config
from .features import Features, extract_features
from .inference import (
    build_test_set,
    init_recognizer,
    inspect_dataset,
    inspect_selection,
)
from .inferencer import MMBimodalInferencer
from .provenance import describe_machine, provenance
from .robustness import Condition, all_conditions, measure_robustness
from .upstream_tools import find_upstream, one_sentence, run_mmaction_tool

__all__ = [
    'Condition',
    'Features',
    'MMBimodalInferencer',
    'ModalitySelection',
    'Selection',
    'all_conditions',
    'build_test_set',
    'describe_machine',
    'extract_features',
    'find_upstream',
    'get_complexity',
    'init_recognizer',
    'inspect_dataset',
    'inspect_selection',
    'load_config',
    'measure_robustness',
    'one_sentence',
    'provenance',
    'run_mmaction_tool',
]
