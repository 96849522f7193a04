"""Stands between the encoder and a disk that is silent for seconds at times."""

import threading
from collections import deque
from pathlib import Path

from clam_robot.episodes.disk import Disk
from clam_robot.episodes.sync_thread import SyncThread

# Of encoded frames and numbers that wait: ten seconds of three cameras of 640 x 480 at 30 Hz [bytes].
_BACKLOG = 64 * 2**20


class DiskThread(Disk):
    """Writes files in order from a thread of its own; who gives an order waits only when the backlog is full.

    A failure is raised by the next order.

    Args:
        disk: where to.
        sync: gets each file that does not change any more, once it is written; None for none.
        max_bytes: of the orders that wait [bytes].
    """

    def __init__(self, disk: Disk, sync: SyncThread | None, *, max_bytes: int = _BACKLOG) -> None:
        super().__init__()
        self._disk, self._sync, self._max_bytes = disk, sync, max_bytes
        self._orders: deque[tuple[Path, bytes | None]] = deque()
        self._num_bytes = 0
        self._is_ending = False
        self._failure: OSError | None = None
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="episode disk", daemon=True)
        self._thread.start()

    @property
    def fill(self) -> float:
        """Share of the backlog in use [0 .. 1]."""
        return min(self._num_bytes / self._max_bytes, 1.0)

    def make_folder(self, path: Path) -> None:
        """As `Disk`, at once."""
        self._disk.make_folder(path)

    def replace_file(self, path: Path, content: bytes) -> None:
        """As `Disk`, but later.

        Raises:
            OSError: an earlier order failed.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._failure is not None or self.fill < 1.0)
            if self._failure is not None:
                raise self._failure
            self._orders.append((path, content))
            self._num_bytes += len(content)
            self._changed.notify_all()

    def settle(self, path: Path) -> None:
        """Say that a file does not change any more."""
        with self._changed:
            self._orders.append((path, None))
            self._changed.notify_all()

    def end(self, *, timeout: float) -> None:
        """Wait until everything is written, and end.

        Raises:
            OSError: an order failed, or the disk was too slow.
        """
        with self._changed:
            self._is_ending = True
            self._changed.notify_all()
        self._thread.join(timeout)
        if self._thread.is_alive():
            raise TimeoutError(f"the disk did not take everything within {timeout:g} s")
        if self._failure is not None:
            raise self._failure

    def forget(self) -> None:
        """Give up what waits."""
        with self._changed:
            self._orders.clear()
            self._num_bytes = 0

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._orders or self._is_ending)
                if not self._orders:
                    return
                path, content = self._orders.popleft()
            try:
                if content is not None:
                    self._disk.replace_file(path, content)
                elif self._sync is not None:
                    self._sync.add(path)
            except OSError as error:
                with self._changed:
                    self._failure = error
                    self._orders.clear()
                    self._changed.notify_all()
                return
            with self._changed:
                self._num_bytes = max(self._num_bytes - len(content or b""), 0)
                self._changed.notify_all()
