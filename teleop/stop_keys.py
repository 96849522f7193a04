"""The software stop on a keyboard, over SSH too."""

import logging
import os
import select
import termios
import threading
import tty
from contextlib import suppress
from types import TracebackType
from typing import TextIO

from clam_robot.hardware.stop_latch import StopLatch

logger = logging.getLogger(__name__)

CLEAR = "c"


class StopKeys:
    """While it is open, any key stops the arm, and `c` clears a stop. Ctrl-C keeps its meaning.

    Args:
        latch: what is set and cleared.
        terminal: to read keys from; one that is no terminal is left alone.
    """

    def __init__(self, latch: StopLatch, terminal: TextIO) -> None:
        self._latch = latch
        self._terminal = terminal
        self.is_open = False

    def __enter__(self) -> "StopKeys":
        if not self._terminal.isatty():
            return self
        self._file = self._terminal.fileno()
        self._before = termios.tcgetattr(self._file)
        self._wake, self._woken = os.pipe()
        tty.setcbreak(self._file)
        self._thread = threading.Thread(target=self._run, name="stop keys", daemon=True)
        self._thread.start()
        self.is_open = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if not self.is_open:
            return
        self.is_open = False
        os.write(self._woken, b".")
        self._thread.join()
        os.close(self._wake)
        os.close(self._woken)
        with suppress(termios.error):  # the terminal is gone
            termios.tcsetattr(self._file, termios.TCSADRAIN, self._before)

    def _run(self) -> None:
        while True:
            ready, _, _ = select.select([self._file, self._wake], [], [])
            if self._wake in ready:
                return
            try:
                keys = os.read(self._file, 64).decode(errors="replace")
            except OSError:
                keys = ""
            if not keys:
                self._latch.stop(detail="the terminal of the stop keys was closed")
                return
            self._press(keys)

    def _press(self, keys: str) -> None:
        if keys == CLEAR and self._latch.cause is not None:
            self._latch.clear()
        else:
            self._latch.stop(detail="a key was pressed")
