"""The folder of an episode from its first file to its name."""

import os
import shutil
from contextlib import suppress
from pathlib import Path

from clam_robot.episodes import folders
from clam_robot.episodes.disk import Disk, is_full
from clam_robot.episodes.disk_thread import DiskThread
from clam_robot.episodes.sync_thread import SyncThread
from clam_robot.errors import EpisodeError

PATIENCE = 120.0
"""A disk that is silent for so long is taken to be gone [s]."""


class GrowingFolder:
    """A hidden folder that is locked while it is written to, and gets its name when all of it is on the disk.

    Args:
        root: folder of the data set; made when it is not there.
        is_durable: bring every file to the disk before the folder gets its name.
        disk: where to.

    Attributes:
        path: where it is.
        thread: writes into it.

    Raises:
        EpisodeError: the data set's folder cannot be written.
    """

    def __init__(self, root: Path, *, is_durable: bool, disk: Disk) -> None:
        self._disk = disk
        try:
            self.path = folders.claim(root)
        except OSError as error:
            raise unwritable(root, error) from error
        self._lock = folders.lock(self.path)
        self._sync = SyncThread(disk) if is_durable else None
        self.thread = DiskThread(disk, self._sync)
        self._is_named = False

    def end(self, *, timeout: float) -> None:
        """Wait until everything is written.

        Raises:
            OSError: the disk refused, or was too slow [s].
        """
        self.thread.end(timeout=timeout)
        if self._sync is not None:
            self._sync.end(timeout=timeout)

    def settle(self) -> None:
        """Bring to the disk what is not there yet, where that was asked for.

        Raises:
            OSError: the disk is gone.
        """
        if self._sync is not None:
            self._disk.sync_all()

    def name(self) -> Path:
        """Give it its name, and let go of it.

        Raises:
            OSError: the disk refused.
        """
        path = folders.final_path(self.path)
        self._disk.rename(self.path, path)
        if self._sync is not None:
            self._disk.sync(path.parent)
        self.path, self._is_named = path, True
        self.unlock()
        return path

    def abandon(self) -> None:
        """Write what waits, if the disk takes it, and sync nothing further."""
        with suppress(OSError):  # told of before, or nobody wants what it failed at
            self.thread.end(timeout=PATIENCE)
        if self._sync is not None:
            self._sync.abandon()

    def remove(self) -> None:
        """Delete it, unless it has its name."""
        self.abandon()
        if not self._is_named:
            shutil.rmtree(self.path, ignore_errors=True)
        self.unlock()

    def unlock(self) -> None:
        """Say that nobody writes into it any more."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def unwritable(root: Path, error: OSError) -> EpisodeError:
    """No episode can be begun there."""
    where = "make room there, or give" if is_full(error) else "give"
    return EpisodeError(f"cannot record into {root}: {error}; {where} a folder that can be written")


def unfinished(folder: Path, error: Exception, *, what: str) -> EpisodeError:
    """An episode cannot be gone on with.

    Args:
        folder: of it.
        error: the cause.
        what: was to be done to it.
    """
    first = "make room there" if is_full(error) else "see that the disk is there"
    return EpisodeError(
        f"cannot {what} {folder}: {error}; {first}, then `clam repair {folder.parent}` finishes what reached it; "
        "what was finished before is safe"
    )
