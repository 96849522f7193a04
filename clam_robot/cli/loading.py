"""Ctrl-C while a command is still loading what it is made of."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from clam_robot.cli.exits import EXIT_INTERRUPTED


@contextmanager
def loading() -> Iterator[None]:
    """Within, Ctrl-C ends the process at once and without a word.

    An import cannot be broken off: compiled packages swallow the exception, or make another one of it. And nothing has
    begun that would have to be ended.
    """
    is_ours = threading.current_thread() is threading.main_thread()
    if not is_ours or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    signal.signal(signal.SIGINT, lambda *_: os._exit(EXIT_INTERRUPTED))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
