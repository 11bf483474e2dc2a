from .complexity import get_complexity
from .upstream_tools import find_upstream, one_sentence, run_mmaction_tool

__all__ = [
    'find_upstream', 'get_complexity', 'one_sentence', 'run_mmaction_tool'
]
