"""How urgent the twin is among the programs of its machine."""

import contextlib
import os
import threading

URGENT = -10  # nice value


def run_urgently() -> bool:
    """Let this thread run before ordinary programs, where that is permitted.

    Servos answer within microseconds whatever else a machine does, and drivers give up after some 30 ms.

    Returns:
        Whether it was permitted.
    """
    with contextlib.suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), URGENT)
        return True
    return False


def run_ordinarily() -> None:
    """Let this thread run as ordinary programs do, whatever the thread that started it does."""
    with contextlib.suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 0)
