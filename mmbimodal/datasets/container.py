"""What the container of a video says of itself."""
import os.path as osp
import struct


def is_cut_off(path: str) -> bool:
    """Whether an AVI is shorter than its header says; reads 8 bytes."""
    with open(path, 'rb') as f:
        head = f.read(8)
    return (head[:4] == b'RIFF' and len(head) == 8
            and struct.unpack('<I', head[4:])[0] + 8 > osp.getsize(path))
