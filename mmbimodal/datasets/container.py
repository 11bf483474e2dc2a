"""What the container of a video says of its own length."""

import struct

HEAD = 96
"""Bytes at the start of a file that suffice here."""

_EBML, _SEGMENT = b'\x1a\x45\xdf\xa3', b'\x18\x53\x80\x67'


def is_cut_off(head: bytes, size: int) -> bool:
    """Whether an AVI, MKV or WebM is shorter than its header says.

    FFmpeg reads what is there of such a file without complaint.

    Args:
        head (bytes): Start of the file, ``HEAD`` bytes or all.
        size (int): Its length in bytes.
    """
    return _declared_size(head) > size


def _declared_size(head: bytes) -> int:
    """Length of the file by its header; 0 where this is not known."""
    if head[:4] == b'RIFF' and len(head) >= 8:
        return struct.unpack_from('<I', head, 4)[0] + 8
    if head[:4] == _EBML:
        segment = sum(_element(head, 4))
        if head[segment : segment + 4] == _SEGMENT:
            return sum(_element(head, segment + 4))
    return 0


def _element(head: bytes, at: int) -> tuple[int, int]:
    """Where an element of Matroska begins, and its length; zeros if not known.

    The number of zero bits in front says how many bytes the length takes; all ones
    mean that it is not known (RFC 8794, section 6).
    """
    width = 9 - int.from_bytes(head[at : at + 1], 'big').bit_length()
    bits = 7 * width
    length = int.from_bytes(head[at : at + width], 'big') & ((1 << bits) - 1)
    return (at + width, length) if length < (1 << bits) - 1 else (0, 0)
