from .merge import merge_results
from .options import merge_options
from .report import collect, write_report
from .run import Run
from .scheduler import execute_all
from .table import Row, Table, load_table, table_names

__all__ = [
    'Row',
    'Run',
    'Table',
    'collect',
    'execute_all',
    'load_table',
    'merge_options',
    'merge_results',
    'table_names',
    'write_report',
]
