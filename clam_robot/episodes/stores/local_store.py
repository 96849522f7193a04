"""Episodes in a folder of this machine."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from clam_robot.episodes import attributes, folders, schema
from clam_robot.episodes.disk import Disk
from clam_robot.episodes.index import EpisodeIndex
from clam_robot.episodes.stores.episode_store import StoredEpisode
from clam_robot.errors import DamagedEpisode, EpisodeError, EpisodeExists

# As in `clam_robot.episodes.disk`: side by side they share commits of the journal.
_SYNC_THREADS = 16


class LocalStore:
    """An `EpisodeStore`. A copy grows in a hidden folder, is brought to the disk, and gets its name by a rename.

    Args:
        root: folder of the data set; made when something is written.
        names: of the episodes to read; all by default.
        disk: where to; a test may hand in one that fails.
    """

    def __init__(self, root: Path, names: Sequence[str] | None = None, disk: Disk | None = None) -> None:
        self._root, self._names, self._disk = root, names, disk or Disk()
        self._locks: dict[str, int] = {}

    @property
    def place(self) -> str:
        """The path."""
        return str(self._root)

    @property
    def is_whole(self) -> bool:
        """Whether no names were given."""
        return self._names is None

    def look(self) -> dict[str, StoredEpisode]:
        """Of `EpisodeStore`."""
        if not self._root.is_dir():
            return {}
        names = folders.finished_episodes(self._root) if self._names is None else self._names
        found = {name: StoredEpisode(files=_sizes(self._root / name), is_finished=True) for name in names}
        for name in folders.episodes_being_copied(self._root):
            if name not in found:
                staged = _sizes(folders.copying_path(self._root, name))
                found[name] = StoredEpisode(files=staged, is_finished=False, is_claimed=True)
        return found

    def read(self, episode: str, file: str) -> bytes:
        """Of `EpisodeStore`."""
        try:
            return (self._root / episode / file).read_bytes()
        except OSError as error:
            raise DamagedEpisode(
                f"{self._root / episode}: {file} cannot be read ({error.strerror}); look at it with `clam verify`"
            ) from error

    def claim(self, episode: str, marker: bytes) -> bytes:
        """Of `EpisodeStore`."""
        folder = self._stage(episode)
        folder.mkdir(parents=True, exist_ok=True)
        if episode not in self._locks:
            descriptor = folders.lock(folder)
            if descriptor is None:
                raise EpisodeError(f"{folder}: another program copies to here now; wait for it")
            self._locks[episode] = descriptor
        claim = folder / schema.METADATA
        if claim.exists():
            return claim.read_bytes()
        self._disk.replace_file(claim, marker)
        return marker

    def write(self, episode: str, file: str, content: bytes) -> None:
        """Of `EpisodeStore`."""
        path = self._stage(episode) / file
        path.parent.mkdir(parents=True, exist_ok=True)
        self._disk.replace_file(path, content)

    def read_back(self, episode: str, file: str) -> bytes:
        """Of `EpisodeStore`."""
        return (self._stage(episode) / file).read_bytes()

    def finish(self, episode: str, marker: bytes) -> None:
        """Of `EpisodeStore`."""
        folder, path = self._stage(episode), self._root / episode
        # All of it, for a part may be of a copy that was killed before it came to this.
        with ThreadPoolExecutor(_SYNC_THREADS) as executor:
            for _ in executor.map(self._disk.sync, (folder, *folder.rglob("*"))):
                pass
        if path.exists():
            raise EpisodeExists(f"{path} has come into being meanwhile; nothing was overwritten")
        self._disk.rename(folder, path)
        self._disk.sync(self._root)
        os.close(self._locks.pop(episode))
        EpisodeIndex(self._root).add(episode, attributes.read(path))

    def release(self) -> None:
        """Of `EpisodeStore`."""
        for descriptor in self._locks.values():
            os.close(descriptor)
        self._locks.clear()

    def _stage(self, episode: str) -> Path:
        return folders.copying_path(self._root, episode)


def _sizes(folder: Path) -> dict[str, int]:
    return {
        str(path.relative_to(folder)): path.stat().st_size
        for path in folder.rglob("*")
        if path.is_file() and not path.name.endswith(".partial")
    }
