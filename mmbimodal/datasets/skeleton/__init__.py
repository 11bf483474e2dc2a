"""Skeletons: the joints' layouts, the readers of public files, one compact file.

A reader turns a file as it was released into a :class:`Skeleton`. The preparation
tools write it once as a compact file, and ``LoadSkeleton`` reads that in training.
"""

from .file import SUFFIX, Skeleton, find_oddities, read_compact, write_compact
from .layouts import KINECT20, LAYOUTS, NTU_RGBD, Layout, find_layout
from .ntu import read_ntu
from .nw_ucla import NWUCLAId, parse_nw_ucla_id, read_nw_ucla
from .utd_mhad import UTDMHADId, parse_utd_mhad_id, read_utd_mhad

__all__ = [
    'KINECT20',
    'LAYOUTS',
    'NTU_RGBD',
    'SUFFIX',
    'Layout',
    'NWUCLAId',
    'Skeleton',
    'UTDMHADId',
    'find_layout',
    'find_oddities',
    'parse_nw_ucla_id',
    'parse_utd_mhad_id',
    'read_compact',
    'read_ntu',
    'read_nw_ucla',
    'read_utd_mhad',
    'write_compact',
]
