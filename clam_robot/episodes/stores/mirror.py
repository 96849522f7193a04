"""Brings each episode to a URL once it is finished, while the recording of the next one goes on."""

import dataclasses
import os
import signal
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType

from clam_robot.episodes import folders
from clam_robot.episodes.stores.copy import copy_episodes
from clam_robot.episodes.stores.local_store import LocalStore
from clam_robot.episodes.stores.opening import open_store
from clam_robot.errors import ClamRobotError, StoreUnavailable

_LOOKS_EVERY = 2.0  # for a finished episode [s]
_TRIES_EVERY = 15.0  # while the store cannot be reached [s]
_ANSWERS_WITHIN = 120.0  # the first time, on a slow machine and a slow network [s]
_LEAST_PRIORITY = 19


@dataclass(frozen=True, kw_only=True)
class MirrorStatus:
    """How far the copies are.

    Attributes:
        copied: names of the episodes that are there, whole.
        waiting: of those that are not there yet, as far as was looked.
        refused: why some never will be, by name.
        failure: why nothing is copied at the moment; "" while all is well.
    """

    copied: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()
    refused: Mapping[str, str] = field(default_factory=dict[str, str])
    failure: str = ""


class Mirror:
    """A context manager. Episodes are read from the disk and sent by a process of its own, of the least priority.

    Nothing here waits for it and nothing is handed to it, so it cannot delay a control loop. What it did not get done
    is done by the next one, or by `clam copy`.

    Args:
        root: folder of the data set; need not be there yet.
        url: where to.

    Raises:
        StoreUnavailable: when entered: the URL cannot be reached.
    """

    def __init__(self, root: Path, url: str) -> None:
        self.url, self._root = url, root
        self._status = MirrorStatus()
        self._has_answered = threading.Event()
        self._is_finishing = False
        context = get_context("spawn")
        self._connection, there = context.Pipe()
        self._there: Connection = there
        self._process = context.Process(target=_run, args=(root, url, there), daemon=True)
        self._thread = threading.Thread(target=self._listen, name="mirror", daemon=True)

    @property
    def status(self) -> MirrorStatus:
        """The newest. For any thread."""
        return self._status

    @property
    def pid(self) -> int | None:
        """Number of the process."""
        return self._process.pid

    def __enter__(self) -> "Mirror":
        self._process.start()
        self._there.close()
        self._thread.start()
        if not self._has_answered.wait(_ANSWERS_WITHIN):
            self.close()
            raise StoreUnavailable(f"{self.url} did not answer within {_ANSWERS_WITHIN:g} s; is there a network?")
        if self._status.failure:
            self.close()
            raise StoreUnavailable(f"{self._status.failure}; or record without --mirror, and `clam copy` afterwards")
        return self

    def missing(self) -> list[str]:
        """Names of the finished episodes here that are not known to be there, looked for now."""
        names = folders.finished_episodes(self._root) if self._root.is_dir() else []
        return [name for name in names if name not in self._status.copied]

    def finish(self) -> MirrorStatus:
        """Wait until everything is there, or cannot be brought there now."""
        self._is_finishing = True
        with suppress(OSError):
            self._connection.send("finish")
        self._process.join()
        self._thread.join()
        return self._status

    def close(self) -> None:
        """End it wherever it is."""
        self._is_finishing = True
        self._process.terminate()
        self._process.join()
        self._thread.join()
        self._connection.close()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _listen(self) -> None:
        with suppress(EOFError, OSError):
            while True:
                self._status = self._connection.recv()
                self._has_answered.set()
        if not self._is_finishing:
            failure = self._status.failure or f"what copies to {self.url} has ended; `clam copy` does it afterwards"
            self._status = dataclasses.replace(self._status, failure=failure)
        self._has_answered.set()


class _Copying:
    """What the other process does."""

    def __init__(self, root: Path, url: str, connection: Connection) -> None:
        self._root, self._connection = root, connection
        self._target = open_store(url)
        self._target.look()  # says so where the bucket is missing
        self._done: set[str] = set()
        self._refused: dict[str, str] = {}

    def look_and_copy(self) -> str:
        """Copy what is new; returns why it stopped, "" where nothing waits."""
        waiting = self._waiting()
        self._tell("")
        try:
            for result in copy_episodes(LocalStore(self._root, waiting), self._target, waiting) if waiting else ():
                self._done.add(result.name)
                if result.error is not None:
                    self._refused[result.name] = str(result.error)
                self._tell("")
        except (ClamRobotError, OSError) as error:
            self._tell(str(error))
            return str(error)
        return ""

    def _waiting(self) -> list[str]:
        names = folders.finished_episodes(self._root) if self._root.is_dir() else []
        return [name for name in names if name not in self._done]

    def _tell(self, failure: str) -> None:
        self._connection.send(
            MirrorStatus(
                copied=tuple(sorted(self._done - self._refused.keys())),
                waiting=tuple(self._waiting()),
                refused=dict(self._refused),
                failure=failure,
            )
        )


def _run(root: Path, url: str, connection: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the person's Ctrl-C is for the session
    os.nice(_LEAST_PRIORITY)
    try:
        copying = _Copying(root, url, connection)
    except ClamRobotError as error:
        connection.send(MirrorStatus(failure=str(error)))
        return
    # A closed connection says that the recording process has ended, however that happened.
    with suppress(EOFError, BrokenPipeError):
        while True:
            failure = copying.look_and_copy()
            if connection.poll(_TRIES_EVERY if failure else _LOOKS_EVERY):
                connection.recv()
                copying.look_and_copy()
                return
