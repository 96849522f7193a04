"""Brings files to the disk while the recording goes on, so that little is left for its end."""

import queue
import threading
from pathlib import Path

from clam_robot.episodes.disk import Disk


class SyncThread:
    """Syncs files that do not change any more, one behind the other, in a thread of its own.

    A disk that is slower than the recording leaves a backlog of names, not of frames.
    """

    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        self._paths: queue.SimpleQueue[Path | None] = queue.SimpleQueue()
        self._failure: OSError | None = None
        self._is_dropped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="episode sync", daemon=True)
        self._thread.start()

    def add(self, path: Path) -> None:
        """Have a file synced; at once."""
        self._paths.put(path)

    def end(self, *, timeout: float) -> None:
        """Wait until everything added is synced, and end.

        Raises:
            OSError: the disk is gone, or was too slow.
        """
        self._paths.put(None)
        self._thread.join(timeout)
        if self._thread.is_alive():
            raise TimeoutError(f"the disk did not take everything within {timeout:g} s")
        if self._failure is not None:
            raise self._failure

    def abandon(self) -> None:
        """End without syncing what waits."""
        self._is_dropped.set()
        self._paths.put(None)

    def _run(self) -> None:
        while (path := self._paths.get()) is not None and not self._is_dropped.is_set():
            try:
                self._disk.sync(path)
            except OSError as error:
                self._failure = error
                return
            self._disk.is_durable(path)
