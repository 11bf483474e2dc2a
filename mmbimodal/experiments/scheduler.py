"""Run many trainings, some at a time, whatever interrupts them."""

import fcntl
import os
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from queue import SimpleQueue

import torch
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from .run import Run

_POLL_SECONDS = 2


def execute_all(
    runs: Sequence[Run], jobs: int, finished: Callable[[], None] = lambda: None
) -> None:
    """Train and test what is not done yet, in the given order.

    A folder is locked while it is worked on, so that any number of processes
    can share the work; what another one does is waited for.

    Args:
        runs (Sequence[Run]): Runs without repetition.
        jobs (int): How many at a time.
        finished (Callable): Called after runs that are done.

    Raises:
        InputError: A run failed. Those under way are finished before.
    """
    slots: SimpleQueue = SimpleQueue()
    for slot in range(jobs):
        slots.put(slot)
    columns = (
        TextColumn('{task.description}'),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn('epochs'),
        TimeElapsedColumn(),
        TimeRemainingColumn(elapsed_when_finished=True),
    )
    with Progress(*columns, speed_estimate_period=3600) as progress:
        with ThreadPoolExecutor(jobs) as pool:
            total = progress.add_task(
                '[bold]all', total=sum(run.epochs for run in runs)
            )
            tasks = {
                run: progress.add_task(run.folder.name, total=run.epochs, visible=False)
                for run in runs
                if run.result is None
            }
            futures = {pool.submit(_execute, run, slots, jobs) for run in tasks}
            count, pending = 0, futures
            while pending:
                done, pending = wait(futures, _POLL_SECONDS, FIRST_EXCEPTION)
                _show(progress, tasks, total, runs)
                if len(done) > count:
                    count = len(done)
                    finished()
                if any(future.exception() for future in done):
                    pool.shutdown(wait=False, cancel_futures=True)
                    break
        for future in futures:
            if not future.cancelled():
                future.result()


def _execute(run: Run, slots: SimpleQueue, jobs: int) -> None:
    """Wait for the folder, then do what is left."""
    slot = slots.get()
    run.folder.mkdir(parents=True, exist_ok=True)
    lock = os.open(run.folder / 'lock', os.O_CREAT | os.O_RDWR)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if run.result is None:
            run.execute(_environment(slot, jobs), lock)
    finally:
        os.close(lock)
        slots.put(slot)


def _environment(slot: int, jobs: int) -> dict[str, str]:
    """Variables that share the machine's cores and GPUs between the jobs."""
    # A thread that waits must not keep a core busy that another needs.
    environment = dict(
        OMP_WAIT_POLICY='passive',
        OMP_NUM_THREADS=str(max((os.cpu_count() or 1) // jobs, 1)),
    )
    environment.update(os.environ)
    if torch.cuda.device_count() > 1:
        environment['CUDA_VISIBLE_DEVICES'] = str(slot % torch.cuda.device_count())
    return environment


def _show(
    progress: Progress, tasks: dict[Run, TaskID], total: TaskID, runs: Sequence[Run]
) -> None:
    """One line for each run under way, and the sum of all."""
    for run, task in tasks.items():
        done = run.epochs_done
        progress.update(
            task, completed=done, visible=run.log.is_file() and run.result is None
        )
    progress.update(total, completed=sum(run.epochs_done for run in runs))
