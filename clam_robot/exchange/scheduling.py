"""Keeps libraries from making themselves more urgent than the control of a robot."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

_TASKS = Path("/proc/self/task")


@contextlib.contextmanager
def ordinary_scheduling() -> Iterator[None]:
    """Threads that become real-time ones meanwhile, new ones too, are made ordinary again.

    SVT-AV1, where root runs it, gives its threads and the one that opens it the highest real-time priority of the
    machine; children would inherit it.
    """
    before = _real_time()
    try:
        yield
    finally:
        for thread in _real_time() - before:
            with contextlib.suppress(OSError):  # it has ended
                os.sched_setscheduler(thread, os.SCHED_OTHER, os.sched_param(0))


def _real_time() -> set[int]:
    """Threads of this process that go before all ordinary ones."""
    found: set[int] = set()
    for task in _TASKS.iterdir() if _TASKS.is_dir() else ():
        with contextlib.suppress(OSError):
            if os.sched_getscheduler(int(task.name)) in {os.SCHED_FIFO, os.SCHED_RR}:
                found.add(int(task.name))
    return found
