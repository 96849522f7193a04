"""A terminal with a keyboard that a test presses."""

import os
import pty
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

PATIENCE = 20.0  # [s]


class Terminal:
    """Both ends of a pseudo-terminal."""

    def __init__(self, keyboard: int, program: TextIO) -> None:
        self._keyboard, self.program = keyboard, program
        self._is_open = True

    def press(self, keys: bytes) -> None:
        os.write(self._keyboard, keys)

    def hang_up(self) -> None:
        if self._is_open:
            self._is_open = False
            os.close(self._keyboard)


@contextmanager
def terminal() -> Iterator[Terminal]:
    keyboard, program = pty.openpty()
    with os.fdopen(program, "r") as stream:
        found = Terminal(keyboard, stream)
        try:
            yield found
        finally:
            found.hang_up()


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.002)
