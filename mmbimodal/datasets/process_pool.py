"""Work on many files in processes that may crash."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from typing import Any

import cv2
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

_COLUMNS = (
    TextColumn('{task.description}'),
    BarColumn(),
    MofNCompleteColumn(),
    TimeRemainingColumn(),
)


def parallel_map(
    function: Callable,
    items: Sequence[Any],
    *,
    workers: int | None,
    description: str,
    crashed: Callable,
    done: int = 0,
) -> list[Any]:
    """``[function(item) for item in items]`` in processes, with a bar.

    Processes rather than threads, because FFmpeg aborts on some damaged
    files, and because its messages can be silenced there.

    Args:
        function: A picklable function of one item.
        items: The items.
        workers (int, optional): Number of processes; None: one per CPU.
        description (str): Text beside the progress bar.
        crashed: Called with an item whose process died; gives its result.
        done (int): Number of further items that are finished before the
            start; the bar counts them. Defaults to 0.
    """
    if not items:
        return []
    workers = workers or os.cpu_count() or 1
    results: dict[int, Any] = {}
    with Progress(*_COLUMNS, console=Console(stderr=True)) as progress:
        task = progress.add_task(description, total=done + len(items), completed=done)

        def run(indices: Sequence[int], processes: int) -> None:
            pool = ProcessPoolExecutor(
                min(processes, len(indices)), _context(), _start_worker
            )
            try:
                futures = {pool.submit(function, items[i]): i for i in indices}
                for future in as_completed(futures):
                    results[futures[future]] = future.result()
                    progress.update(task, completed=done + len(results))
            except BrokenProcessPool:
                pass  # the caller takes up what has no result
            finally:
                pool.shutdown(cancel_futures=True)

        waiting = list(range(len(items)))
        while waiting:
            run(waiting, workers)
            waiting = [i for i in waiting if i not in results]
            # A process has died over one of the items that were in flight,
            # which are the first ones: alone, it does no harm to others.
            suspects, waiting = waiting[: 2 * workers], waiting[2 * workers :]
            for i in suspects:
                run([i], 1)
                results.setdefault(i, crashed(items[i]))
    return [results[i] for i in range(len(items))]


def _context() -> multiprocessing.context.BaseContext:
    """Not a plain fork: the caller's and OpenCV's threads do not survive it."""
    if 'forkserver' not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context('spawn')
    context = multiprocessing.get_context('forkserver')
    context.set_forkserver_preload(['mmbimodal.datasets.process_pool'])
    return context


def _start_worker() -> None:
    """No chatter from C++, no threads of OpenCV, no life after the parent."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    cv2.setNumThreads(0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent handles it
    threading.Thread(target=_die_with_parent, daemon=True).start()


def _die_with_parent() -> None:
    """A pool's workers wait for ever if their parent was killed."""
    multiprocessing.parent_process().join()
    os._exit(1)
