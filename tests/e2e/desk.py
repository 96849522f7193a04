"""A terminal with a command in it, and a person before it."""

import fcntl
import os
import pty
import re
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

PATIENCE = 90.0  # [s]
REPEAT = 0.03  # of a key that is held [s]


class Desk:
    """`clam`, or another program of Python, on a terminal of its own."""

    def __init__(
        self, *words: str, columns: int = 160, lines: int = 40, program: tuple[str, ...] = ("-m", "clam_robot.cli.main")
    ) -> None:
        self._keyboard, self.screen = pty.openpty()
        self.before = termios.tcgetattr(self.screen)
        self._printed = bytearray()
        self.process = subprocess.Popen(
            [sys.executable, *program, *words],
            stdin=self.screen,
            stdout=self.screen,
            stderr=self.screen,
            env={**os.environ, "COLUMNS": str(columns), "LINES": str(lines), "TERM": "xterm"},
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def printed(self) -> str:
        """All of it, without colours."""
        return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", bytes(self._printed).decode(errors="replace"))

    def press(self, key: bytes) -> None:
        os.write(self._keyboard, key)

    def hold(self, key: bytes, until: Callable[[], bool]) -> None:
        """Press a key as a terminal repeats it, until something is so."""

        def is_so() -> bool:
            self.press(key)
            time.sleep(REPEAT)
            return until()

        self.wait(is_so)

    def wait(self, is_so: Callable[[], object]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not is_so():
            assert self.process.poll() is None, self.printed
            assert time.monotonic() < deadline, self.printed[-2000:]
            time.sleep(0.02)

    def leave(self) -> int:
        """Wait for the end; the exit code."""
        return self.process.wait(PATIENCE)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.screen)
        self._reader.join(PATIENCE)
        os.close(self._keyboard)

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self._keyboard, 65536)
            except OSError:  # everybody has closed the other end
                return
            self._printed += data


@contextmanager
def desk(*words: str, columns: int = 160, lines: int = 40) -> Iterator[Desk]:
    """A person before `clam` with these words."""
    found = Desk(*words, columns=columns, lines=lines)
    try:
        yield found
    finally:
        found.close()
