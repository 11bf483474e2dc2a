"""The code that made a result."""

import platform
import re
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from mmbimodal.version import __version__

_PACKAGES = ('torch', 'mmengine', 'mmaction2', 'numpy', 'decord')


def provenance() -> dict[str, Any]:
    """Versions and commit, for the file of a result.

    Returns:
        dict: ``versions`` of Python and of the packages, ``commit`` of the
        repository in the present folder, None where there is none, and
        ``machine``, the GPU or the processor.
    """
    commit = subprocess.run(
        ['git', 'rev-parse', 'HEAD'], capture_output=True, text=True
    )
    return dict(
        versions={
            'python': platform.python_version(),
            'mmbimodal': __version__,  # installed or not
            **{name: version(name) for name in _PACKAGES},
        },
        commit=commit.stdout.strip() or None,
        machine=describe_machine('cuda' if torch.cuda.is_available() else 'cpu'),
    )


def describe_machine(device: str) -> str:
    """Processor or GPU, threads, vector extensions and PyTorch's version."""
    name, cpuinfo = platform.machine(), Path('/proc/cpuinfo')
    if torch.device(device).type == 'cuda':
        name = torch.cuda.get_device_name(device)
    elif cpuinfo.is_file():
        found = re.search(r'^model name\s*: (.*)$', cpuinfo.read_text(), re.MULTILINE)
        name = found[1] if found else name
    return (
        f'{name}, {torch.get_num_threads()} threads, '
        f'{torch.backends.cpu.get_cpu_capability()}, torch {torch.__version__}'
    )
