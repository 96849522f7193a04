"""`clam twin` as a child process, for tests, benchmarks and programs that want an arm of their own."""

import re
import signal
import subprocess
import sys
import threading
from pathlib import Path
from queue import Empty, Queue
from types import TracebackType

from clam_robot.errors import RobotError
from sim.widowx.twin_client import TwinClient

_PORT = re.compile(r"servo bus on (\S+)")
_ADDRESS = re.compile(r"side channel on (\S+):(\d+)")


class TwinProcess:
    """A twin in its own process, from `with` to its end; it ends with this process, too, however that ends.

    Attributes:
        port: the serial port, once entered.
        address: of the side channel, once entered.
    """

    def __init__(
        self, *, link: Path | None = None, speed: float = 1.0, task: str | None = None, start_timeout: float = 60.0
    ) -> None:
        """Describe it; nothing is started yet.

        Args:
            link: symbolic link to make to the port.
            speed: simulated seconds per second.
            task: what is on the table; None is the default of `clam twin`.
            start_timeout: longest wait for its port [s].
        """
        self._arguments = ["--speed", str(speed), "--ends-with-stdin"]
        self._arguments += ["--link", str(link)] if link else []
        self._arguments += ["--task", task] if task else []
        self._start_timeout = start_timeout
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None
        self.port = Path()
        self.address = ("", 0)

    @property
    def pid(self) -> int:
        """Number of the process."""
        assert self._process is not None
        return self._process.pid

    def client(self) -> TwinClient:
        """A new connection to its side channel."""
        return TwinClient(self.address)

    def __enter__(self) -> "TwinProcess":
        command = [sys.executable, "-m", "clam_robot.cli.main", "twin", *self._arguments]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        lines: Queue[str | None] = Queue()
        self._reader = threading.Thread(target=_read, args=(self._process, lines), daemon=True)
        self._reader.start()
        printed: list[str] = []
        while not (self.port.name and self.address[1]):
            try:
                line = lines.get(timeout=self._start_timeout)
            except Empty:
                line = None
            if line is None:
                self.close()
                raise RobotError(f"the twin did not start: {' '.join(printed).strip() or 'it was silent'}")
            printed.append(line)
            if found := _PORT.search(line):
                self.port = Path(found[1])
            if found := _ADDRESS.search(line):
                self.address = (found[1], int(found[2]))
        return self

    def close(self) -> None:
        """End it."""
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
