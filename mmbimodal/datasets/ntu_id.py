"""The sample ids of NTU RGB+D 60 and 120."""

import re
from typing import NamedTuple


class NTUId(NamedTuple):
    """The fields of an NTU RGB+D sample id; they count from 1."""

    setup: int
    camera: int
    subject: int
    replication: int
    action: int


_NTU_ID = re.compile(r'S(\d{3})C(\d{3})P(\d{3})R(\d{3})A(\d{3})')


def parse_ntu_id(sample_id: str) -> NTUId | None:
    """``'S001C002P003R002A013'`` as numbers; None if it is no such id."""
    match = _NTU_ID.fullmatch(sample_id)
    return match and NTUId(*map(int, match.groups()))
