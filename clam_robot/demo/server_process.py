"""`clam serve` as a child process."""

import re
import signal
import subprocess
import sys
import threading
from pathlib import Path
from queue import Empty, Queue
from types import TracebackType

from clam_robot.errors import ServerError

_URL = re.compile(r"wss?://\S+")


class ServerProcess:
    """A policy server in its own process on a free loopback port, from `with` to its end.

    Attributes:
        url: WebSocket address, once entered.

    Raises:
        ServerError: the server ended or stayed silent instead of serving; with what it printed.
    """

    def __init__(self, checkpoint: Path, *, start_timeout: float = 120.0) -> None:
        self._checkpoint = checkpoint
        self._start_timeout = start_timeout
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None
        self.url = ""

    def __enter__(self) -> "ServerProcess":
        command = [sys.executable, "-m", "clam_robot.cli.main", "serve"]
        command += ["--checkpoint", str(self._checkpoint), "--port", "0"]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        lines: Queue[str | None] = Queue()
        self._reader = threading.Thread(target=_read, args=(self._process, lines), daemon=True)
        self._reader.start()
        printed: list[str] = []
        while not self.url:
            try:
                line = lines.get(timeout=self._start_timeout)
            except Empty:
                line = None
            if line is None:
                self.close()
                raise ServerError(
                    f"the server for {self._checkpoint} did not start: {' '.join(printed).strip() or 'it was silent'}"
                )
            printed.append(line)
            if found := _URL.search(line):
                self.url = found[0]
        return self

    def close(self) -> None:
        """Ask the server to stop; end it when it does not."""
        if self._process is None:
            return
        process, self._process = self._process, None
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if self._reader is not None:
            self._reader.join()
        if process.stdout is not None:
            process.stdout.close()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def _read(process: subprocess.Popen[str], lines: "Queue[str | None]") -> None:
    assert process.stdout is not None
    for line in process.stdout:
        lines.put(line)
    lines.put(None)
