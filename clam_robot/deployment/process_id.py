"""A process that is still the same one, and all it started: its number may have gone to another since."""

import os
import signal
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from clam_robot import config
from clam_robot.errors import ConfigError
from clam_robot.timing import Clock

_POLL = 0.02  # [s]
# Fields of /proc/PID/stat behind the name, which may hold anything and stands in brackets.
_STATE, _GROUP, _SESSION, _START = 0, 2, 3, 19
_DEAD = ("Z", "X")


@dataclass(frozen=True, kw_only=True)
class ProcessId(config.Strict):
    """Number and start of a process, which leads a session and a process group of its own.

    Attributes:
        pid: number.
        start: of the process, in the kernel's ticks since the machine's.
        boot: which start of the machine that was, by the kernel's name for it.
    """

    pid: int
    start: int
    boot: str

    def __post_init__(self) -> None:
        if not 0 < self.pid < 2**31:
            raise ConfigError(f"pid: expected the number of a process, found {self.pid}")

    @staticmethod
    def of(pid: int) -> "ProcessId":
        """Of one that runs, or has ended and was not waited for."""
        fields = _stat(pid)
        return ProcessId(pid=pid, start=-1 if fields is None else int(fields[_START]), boot=_boot())

    def is_alive(self) -> bool:
        """Whether it runs itself."""
        fields = _stat(self.pid)
        return fields is not None and self._is_this(fields) and fields[_STATE] not in _DEAD

    def is_left(self) -> bool:
        """Whether it runs, or it has ended and some that it started in its group run."""
        fields = _stat(self.pid)
        if fields is not None and not self._is_this(fields):
            return False  # the kernel gave the number away, which it does when the whole group has ended
        return (fields is not None and fields[_STATE] not in _DEAD) or self._has_members()

    def signal_group(self, number: int) -> None:
        """Send a signal to it and all it started, unless none of them is left."""
        if self.is_left():
            with suppress(ProcessLookupError):
                os.killpg(self.pid, number)

    def _is_this(self, fields: Sequence[str]) -> bool:
        return int(fields[_START]) == self.start and self.boot == _boot()

    def _has_members(self) -> bool:
        """Whether a group that lost its leader has others: of this start of the machine, in a session of its own."""
        if self.boot != _boot():
            return False
        try:
            os.killpg(self.pid, 0)
        except (ProcessLookupError, PermissionError):
            return False
        numbers = [str(self.pid)] * 2
        return any(
            fields is not None and fields[_GROUP : _SESSION + 1] == numbers and fields[_STATE] not in _DEAD
            for fields in (_stat(int(entry.name)) for entry in Path("/proc").glob("[0-9]*"))
        )


def end_all(processes: Sequence[ProcessId], clock: Clock, *, patience: float) -> int:
    """Ask processes, and all in their groups, to end; kill those that do not within `patience` [s].

    Returns:
        How many of the groups had to be killed.
    """
    for process in processes:
        process.signal_group(signal.SIGTERM)
    deadline = clock.now() + patience
    while any(process.is_left() for process in processes) and clock.now() < deadline:
        clock.sleep_until(clock.now() + _POLL)
    stubborn = [process for process in processes if process.is_left()]
    for process in stubborn:
        process.signal_group(signal.SIGKILL)
    while any(process.is_left() for process in stubborn):
        clock.sleep_until(clock.now() + _POLL)
    return len(stubborn)


@cache
def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def _stat(pid: int) -> list[str] | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    return text.rpartition(")")[2].split()
