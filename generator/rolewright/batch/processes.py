"""Work spread over several processes."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_Task = TypeVar("_Task")
_Result = TypeVar("_Result")


def spread(work: Callable[[_Task], _Result], tasks: Sequence[_Task], processes: int) -> Iterator[_Result]:
    """Yield the results of all tasks, in their order. An error that `work` raises is raised here.

    Raises ChildProcessError if a process ends before its task. Whatever is raised, here or where the results
    are used, no process outlives it for longer than the tasks that it has begun.
    """
    # A fork is quick, and safe in a process that has one thread; elsewhere it is not, even then.
    context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    pool = ProcessPoolExecutor(processes, context, _begin)
    try:
        with _interrupted_afterwards():
            results = pool.map(work, tasks)  # here the processes begin
        yield from results
    except BrokenProcessPool as error:
        raise ChildProcessError("a process ended before its task") from error
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def _interrupted_afterwards() -> Iterator[None]:
    """Put Ctrl-C off until the block is left, in this process and in those that begin in it.

    A terminal sends it to all of them at once. A process that has not yet begun to ignore it would die of it, which
    would look like a crash and not like a run that was interrupted.
    """
    if sys.platform == "win32":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin() -> None:
    """Leave Ctrl-C to the parent, which the terminal sends it to as well; and end if the parent is killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_follow, daemon=True).start()


def _follow() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
