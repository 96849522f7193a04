"""A `clam` command as a child process."""

import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from queue import Empty, Queue
from types import TracebackType
from typing import TypeVar

from clam_robot.errors import ClamRobotError

_ENDS_WITHIN = 10.0  # [s]
Process = TypeVar("Process", bound="CommandProcess")


class CommandProcess:
    """Runs from `with` to its end, and ends with this process too, where the command has a way to notice.

    Args:
        words: of the command line, after `clam`.
        what: it is called in errors, "the twin".
        hear: told every line that is printed until it answers that the command is ready.
        error: raised when the command ends or stays silent instead; says what it printed.
        start_timeout: longest silence until it is ready [s].
    """

    def __init__(
        self,
        words: Sequence[str],
        *,
        what: str,
        hear: Callable[[str], bool],
        error: type[ClamRobotError],
        start_timeout: float,
    ) -> None:
        self._words, self._what, self._hear, self._error = tuple(words), what, hear, error
        self._start_timeout = start_timeout
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None

    @property
    def pid(self) -> int:
        """Number of the process."""
        assert self._process is not None
        return self._process.pid

    def __enter__(self: Process) -> Process:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "clam_robot.cli.main", *self._words],
            stdin=subprocess.PIPE,  # closed when this process ends, however that happens
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        lines: Queue[str | None] = Queue()
        self._reader = threading.Thread(target=_read, args=(self._process, lines), daemon=True)
        self._reader.start()
        printed: list[str] = []
        while True:
            try:
                line = lines.get(timeout=self._start_timeout)
            except Empty:
                line = None
            if line is None:
                self.close()
                raise self._error(f"{self._what} did not start: {' '.join(printed).strip() or 'it was silent'}")
            printed.append(line)
            if self._hear(line):
                return self

    def close(self) -> None:
        """Ask it to stop; end it when it does not."""
        if self._process is None:
            return
        process, self._process = self._process, None
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=_ENDS_WITHIN)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if self._reader is not None:
            self._reader.join()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def _read(process: subprocess.Popen[str], lines: "Queue[str | None]") -> None:
    assert process.stdout is not None
    for line in process.stdout:
        lines.put(line)
    lines.put(None)
