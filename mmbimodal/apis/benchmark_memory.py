"""Peak memory of a step."""

import ctypes
import gc
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import torch

from .benchmark import Variant, build_model, inference_step, make_inputs, training_step

_STATUS, _RESET = Path('/proc/self/status'), Path('/proc/self/clear_refs')


def measure_memory(
    variant: Variant, batch: int, device: str, amp: bool, threads: int
) -> dict[str, int | None]:
    """By how much a step's peak exceeds what is held before it.

    Held before are the weights and in training the optimiser's state; the
    gradients belong to the step. On a CPU a process of its own is measured,
    its resident memory, after a first step and after handing free memory back
    to the system.

    Args:
        variant (Variant): Which model.
        batch (int): Samples.
        device (str): Where it runs.
        amp (bool): Mixed precision.
        threads (int): Threads on the CPU.

    Returns:
        dict[str, int | None]: Bytes of ``inference`` and ``training``; None
        where the system does not tell.
    """
    if torch.device(device).type == 'cuda':
        return _measure(variant, batch, device, amp, threads)
    with ProcessPoolExecutor(1, mp_context=get_context('spawn')) as pool:
        return pool.submit(_measure, variant, batch, device, amp, threads).result()


def _measure(
    variant: Variant, batch: int, device: str, amp: bool, threads: int
) -> dict[str, int | None]:
    """Both steps of one model, in this process."""
    torch.set_num_threads(threads)
    model, inputs = build_model(variant, device), make_inputs(variant, batch, device)
    peak = _cuda_growth if torch.device(device).type == 'cuda' else _growth
    return dict(
        inference=peak(inference_step(model, inputs, amp)),
        training=peak(training_step(model, variant.optimizer, inputs, amp)),
    )


def _cuda_growth(step: Callable[[], Any]) -> int:
    step()
    torch.cuda.synchronize()
    before = torch.cuda.memory_allocated()
    torch.cuda.reset_peak_memory_stats()
    step()
    return torch.cuda.max_memory_allocated() - before


def _growth(step: Callable[[], Any]) -> int | None:
    step()
    gc.collect()
    try:
        ctypes.CDLL(None).malloc_trim(0)
        _RESET.write_text('5')  # the peak starts anew
        before = _read('VmRSS')
        step()
        return _read('VmHWM') - before
    except (OSError, AttributeError, StopIteration):
        return None  # not Linux, or not allowed


def _read(field: str) -> int:
    """A size from the process's status, in bytes."""
    line = next(
        x for x in _STATUS.read_text().splitlines() if x.startswith(field + ':')
    )
    return int(line.split()[1]) * 1024
