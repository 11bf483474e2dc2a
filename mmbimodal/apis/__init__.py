from mmbimodal.structures import ModalitySelection, Segment, Selection, Timeline

from .complexity import get_complexity
from .config import load_config
from .export import export_onnx
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
from .seconds import parse_seconds
from .upstream_tools import find_upstream, one_sentence, run_mmaction_tool
from .zoo import fetch_weights, find_config, find_model, get_model, list_models

__all__ = [
    'Condition',
    'Features',
    'MMBimodalInferencer',
    'ModalitySelection',
    'Segment',
    'Selection',
    'Timeline',
    'all_conditions',
    'build_test_set',
    'describe_machine',
    'export_onnx',
    'extract_features',
    'fetch_weights',
    'find_config',
    'find_model',
    'find_upstream',
    'get_complexity',
    'get_model',
    'init_recognizer',
    'inspect_dataset',
    'inspect_selection',
    'list_models',
    'load_config',
    'measure_robustness',
    'one_sentence',
    'parse_seconds',
    'provenance',
    'run_mmaction_tool',
]
