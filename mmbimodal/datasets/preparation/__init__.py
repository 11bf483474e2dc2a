"""From folders of files to annotations: name, pair, probe, place, split, write."""

from .listing import read_list, read_table
from .naming import Name, path_rule, regex_rule, word_rule
from .own_data import prepare_folders, prepare_scans
from .pairing import Pairing, Scan, pair, scan
from .recipe import Recipe, prepare
from .report import Report
from .splits import (
    check_split_arguments,
    divide,
    draw_folds,
    draw_split,
    read_split,
)

__all__ = [
    'Name',
    'Pairing',
    'Recipe',
    'Report',
    'Scan',
    'check_split_arguments',
    'divide',
    'draw_folds',
    'draw_split',
    'pair',
    'path_rule',
    'prepare',
    'prepare_folders',
    'prepare_scans',
    'read_list',
    'read_split',
    'read_table',
    'regex_rule',
    'scan',
    'word_rule',
]
