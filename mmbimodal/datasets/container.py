"""What the container of a video says of itself."""

import struct

HEAD = 72
"""Bytes at the start of a file that suffice here."""


def is_cut_off(head: bytes, size: int) -> bool:
    """Whether an AVI is shorter than its header says.

    Args:
        head (bytes): Start of the file, 8 bytes or more.
        size (int): Its length in bytes.
    """
    return (
        head[:4] == b'RIFF'
        and len(head) >= 8
        and struct.unpack_from('<I', head, 4)[0] + 8 > size
    )


def avi_shape(head: bytes) -> tuple[int, int] | None:
    """Height and width of the frames of an AVI.

    Args:
        head (bytes): Start of the file, ``HEAD`` bytes or more.

    Returns:
        tuple[int, int]: None for other containers, and where the header
        leaves the size to its streams.
    """
    if len(head) < HEAD or (head[:4], head[8:12], head[24:28]) != (
        b'RIFF',
        b'AVI ',
        b'avih',
    ):
        return None
    width, height = struct.unpack_from('<II', head, 64)
    return (height, width) if width and height else None
