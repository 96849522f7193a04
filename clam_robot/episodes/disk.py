"""Every change that a recording makes to the file system, and what of it a loss of power could still take."""

import errno
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

# Side by side the file system takes many syncs in one commit of its journal; one by one takes four times as long.
_SYNC_THREADS = 16


def is_full(error: Exception) -> bool:
    """Whether an error says that a disk, or what a user may have of it, is full."""
    return isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}


def free_bytes(folder: Path) -> int | None:
    """Left on the disk of a folder that need not exist yet; None where that cannot be known."""
    asked = folder.absolute()
    try:
        there = next((each for each in (asked, *asked.parents) if each.exists()), None)
        return None if there is None else shutil.disk_usage(there).free
    except OSError:  # nor may one look at a folder below one that is closed
        return None


class Disk:
    """Makes folders, writes files whole, and brings both to the disk when asked.

    A file or folder that was synced stays; until then a loss of power may take its content, its name, or both. One that
    is not there any more is passed over. A test may hand in a disk that is full, slow, or remembers its orders.
    """

    def __init__(self) -> None:
        self._unsynced: dict[Path, None] = {}

    def make_folder(self, path: Path) -> None:
        """Make a folder.

        Raises:
            OSError: its parent is missing, it is there already, or the disk is full or gone.
        """
        path.mkdir()
        self._unsynced |= {path: None, path.parent: None}

    def replace_file(self, path: Path, content: bytes) -> None:
        """Write so that a kill leaves either the old file or the new one.

        Raises:
            OSError: the disk is full or gone.
        """
        temporary = path.with_name(f"{path.name}.partial")
        self.write(temporary, content)
        self.rename(temporary, path)
        self._unsynced |= {path: None, path.parent: None}

    def link(self, old: Path, new: Path) -> None:
        """Give a file a second name, or a copy where the file system knows no such thing.

        Raises:
            OSError: it is missing, or the disk is full or gone.
        """
        try:
            new.hardlink_to(old)
        except OSError:
            shutil.copyfile(old, new)
        self._unsynced |= {new: None, new.parent: None}

    def write(self, path: Path, content: bytes) -> None:
        """Write a file in place.

        Raises:
            OSError: the disk is full or gone.
        """
        path.write_bytes(content)

    def rename(self, old: Path, new: Path) -> None:
        """Give a file or folder another name, in place of the file that has it.

        Raises:
            OSError: the disk is full or gone.
        """
        old.rename(new)

    def sync(self, path: Path) -> None:
        """Bring a file's content, or the names in a folder, to the disk.

        Raises:
            OSError: the disk is gone.
        """
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def is_durable(self, path: Path) -> None:
        """Take note that `path` was synced and does not change any more."""
        self._unsynced.pop(path, None)

    def sync_all(self) -> None:
        """Bring all that was made and written, and not synced since, to the disk.

        Raises:
            OSError: the disk is gone.
        """
        paths, self._unsynced = list(self._unsynced), {}
        with ThreadPoolExecutor(_SYNC_THREADS) as executor:
            for _ in executor.map(self.sync, paths):
                pass
