from .options import merge_options
from .publish import publish
from .report import collect, write_report
from .run import Run, copy_runs, execute_all
from .table import Row, Table, load_table, table_names

__all__ = [
    'Row',
    'Run',
    'Table',
    'collect',
    'copy_runs',
    'execute_all',
    'load_table',
    'merge_options',
    'publish',
    'table_names',
    'write_report',
]
