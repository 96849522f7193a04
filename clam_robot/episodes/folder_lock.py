"""One program at a time records into the folder of a data set, mends it, or trains in a folder."""

import datetime
import fcntl
import json
import logging
import os
import socket
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from clam_robot import config
from clam_robot.errors import ConfigError, FolderInUse

logger = logging.getLogger(__name__)

LOCK = ".in_use.json"
"""File within the folder that is locked, and says by whom; it is there only meanwhile, or after a kill."""


@dataclass(frozen=True, kw_only=True)
class Holder(config.Strict):
    """Who has a folder.

    Attributes:
        program: what it is, such as "clam record --device keyboard".
        pid: of its process.
        host: on which that runs.
        since: UTC, ISO 8601.
    """

    program: str
    pid: int
    host: str
    since: str

    def __str__(self) -> str:
        since = datetime.datetime.fromisoformat(self.since).astimezone()
        return f"{self.program} (process {self.pid} on {self.host}, since {since:%Y-%m-%d %H:%M:%S})"


@contextmanager
def folder_lock(root: Path, program: str) -> Generator[None, None, None]:
    """Have a folder for oneself; it is made where it is not there, and is gone again where nothing came into it.

    The operating system takes the lock back from a program that was killed, so what a crash left is in nobody's way.
    Workers of a program are covered by the lock of the one that started them.

    Args:
        root: folder of a data set or a training run.
        program: who wants it, for those who come later.

    Raises:
        FolderInUse: another program has it, on this machine or, over NFS, on another.
        OSError: it cannot be written.
    """
    is_new = not root.exists()
    descriptor = _locked(root)
    try:
        _sign(descriptor, program)
        yield
    finally:
        with suppress(OSError):  # a disk that is gone; nobody else can hold what lies there
            (root / LOCK).unlink(missing_ok=True)
            if is_new:
                root.rmdir()
        os.close(descriptor)


def require_free(root: Path) -> None:
    """Refuse a folder that another program has; changes nothing.

    Raises:
        FolderInUse: another program has it.
    """
    try:
        descriptor = os.open(root / LOCK, os.O_RDWR)
    except OSError:
        return
    try:
        _lock(descriptor, root)
    finally:
        os.close(descriptor)


def _locked(root: Path) -> int:
    path = root / LOCK
    while True:
        root.mkdir(parents=True, exist_ok=True)
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        except FileNotFoundError:  # who had it has deleted the folder in between
            continue
        try:
            _lock(descriptor, root)
            if _is_at(path, descriptor):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)  # who had it has deleted the file in between: it locks nothing any more


def _is_at(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _lock(descriptor: int, root: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = _holder(root)
        raise FolderInUse(
            f"{root} is in use by {holder or 'another program'}; wait until that has finished, or end it, or give "
            "another folder"
        ) from None
    except OSError as error:
        logger.warning("%s: this file system has no locks (%s); see that nobody else writes into it", root, error)


def _sign(descriptor: int, program: str) -> None:
    since = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    holder = Holder(program=program, pid=os.getpid(), host=socket.gethostname(), since=since)
    with suppress(OSError):  # a full disk: then the next one is refused without a name
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(asdict(holder)).encode(), 0)


def _holder(root: Path) -> Holder | None:
    try:
        return config.load(Holder, root / LOCK)
    except ConfigError:
        return None  # it is just beginning, or could not say
