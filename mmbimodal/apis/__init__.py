from .complexity import get_complexity
from .inference import (ModalitySelection, Selection, build_test_set,
                        init_recognizer, inspect_dataset, inspect_selection)
from .upstream_tools import find_upstream, one_sentence, run_mmaction_tool

__all__ = [
    'ModalitySelection', 'Selection', 'build_test_set', 'find_upstream',
    'get_complexity', 'init_recognizer', 'inspect_dataset',
    'inspect_selection', 'one_sentence', 'run_mmaction_tool'
]
