"""A process that is still the same one: its number may have gone to another since."""

import os
import signal
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from clam_robot import config
from clam_robot.timing import Clock

_POLL = 0.02  # [s]
# Fields of /proc/PID/stat behind the name, which may hold anything and stands in brackets: state, ..., start time.
_STATE, _START = 0, 19
_DEAD = ("Z", "X")


@dataclass(frozen=True, kw_only=True)
class ProcessId(config.Strict):
    """Number and start of a process, which leads a process group of its own.

    Attributes:
        pid: number.
        start: of the process, in the kernel's ticks since the machine's.
    """

    pid: int
    start: int

    @staticmethod
    def of(pid: int) -> "ProcessId":
        """Of one that runs, or has ended and was not waited for."""
        fields = _stat(pid)
        return ProcessId(pid=pid, start=-1 if fields is None else int(fields[_START]))

    def is_alive(self) -> bool:
        """Whether it runs."""
        fields = _stat(self.pid)
        return fields is not None and int(fields[_START]) == self.start and fields[_STATE] not in _DEAD

    def signal_group(self, number: int) -> None:
        """Send a signal to it and all it started, unless it is gone."""
        if self.is_alive():
            with suppress(ProcessLookupError):
                os.killpg(self.pid, number)


def end_all(processes: Sequence[ProcessId], clock: Clock, *, patience: float) -> int:
    """Ask processes to end, and kill those that do not within `patience` [s]; how many had to be killed."""
    for process in processes:
        process.signal_group(signal.SIGTERM)
    deadline = clock.now() + patience
    while any(process.is_alive() for process in processes) and clock.now() < deadline:
        clock.sleep_until(clock.now() + _POLL)
    stubborn = [process for process in processes if process.is_alive()]
    for process in stubborn:
        process.signal_group(signal.SIGKILL)
    while any(process.is_alive() for process in stubborn):
        clock.sleep_until(clock.now() + _POLL)
    return len(stubborn)


def _stat(pid: int) -> list[str] | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    return text.rpartition(")")[2].split()
