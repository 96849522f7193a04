"""A command that is asked to end by another program, or by a terminal that hangs up."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def ended_by_terminate() -> Iterator[None]:
    """While it lasts, being asked to end (SIGTERM), or a terminal that hangs up, ends the command as Ctrl-C does.

    So the arm is held and let go of, what was started is ended, and the terminal is as it was.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(number: int, frame: object) -> None:
        raise SystemExit(128 + number)

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
