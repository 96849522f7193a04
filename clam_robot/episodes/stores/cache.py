"""Episodes of a URL in a folder of this machine, fetched once, so that windows are read from a local disk."""

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

from clam_robot.episodes import schema
from clam_robot.episodes.stores.cache_room import hold, make_room
from clam_robot.episodes.stores.episode_store import EpisodeStore, StoredEpisode
from clam_robot.episodes.stores.parallel import in_parallel

FOLDER = "CLAM_ROBOT_CACHE"
"""Environment variable that names the folder of all caches; ~/.cache/clam-robot by default."""

Wanted = Callable[[str], bool]
"""Says of a file, by its path within the episode, whether it is wanted."""


def everything(file: str) -> bool:
    """Every file."""
    return True


def attributes_only(file: str) -> bool:
    """What describes the episode."""
    return file == schema.METADATA


def pictures_of(camera: str | None) -> Wanted:
    """Every number, and the pictures of one camera or of none; depth is left out."""
    others = (f"{schema.IMAGES}/", f"{schema.DEPTH}/")
    here = None if camera is None else f"{schema.image_array(camera)}/"
    return lambda file: not file.startswith(others) or (here is not None and file.startswith(here))


class EpisodeCache:
    """A local folder that follows a store: what is new there is fetched, what is gone or another is dropped here.

    A file that is here with the size it has there is not fetched again. Several processes may use a cache at a time.
    Deleting it costs time only. What all caches may take together is bounded, see `cache_room`.

    Args:
        store: what it follows.
        folder: of all caches.
    """

    def __init__(self, store: EpisodeStore, folder: Path | None = None) -> None:
        self._store = store
        digest = hashlib.sha256(store.place.encode()).hexdigest()[:16]
        self._home = (folder or _default_folder()) / digest
        self._stamps = self._home / "stamps.json"
        self.root = self._home / store.place.rpartition("/")[2]

    def fetch(
        self,
        found: Mapping[str, StoredEpisode],
        wanted: Mapping[str, Wanted],
        on_file: Callable[[int, int], object] = lambda done, total: None,
    ) -> None:
        """Bring the wanted files here.

        Args:
            found: what the store has now.
            wanted: which files, by episode.
            on_file: told how many files of how many are here.

        Raises:
            StoreUnavailable: the store cannot be reached; the next call goes on from there.
            ConfigError: the size that caches may take is none.
            OSError: the disk is full or gone.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        with self._locked():
            self._drop_stale(found)
            missing = [
                (name, file)
                for name, is_wanted in wanted.items()
                for file, size in found[name].files.items()
                if is_wanted(file) and _size(self.root / name / file) != size
            ]
            hold(self._home)
            if missing:
                make_room(self._home.parent, sum(found[name].files[file] for name, file in missing))
            for done, _ in enumerate(in_parallel(self._fetch, missing), 1):
                on_file(done, len(missing))

    def _fetch(self, which: tuple[str, str]) -> None:
        name, file = which
        fetch_file(self._store, name, file, self.root / name)

    def _drop_stale(self, found: Mapping[str, StoredEpisode]) -> None:
        now = {name: each.stamp for name, each in found.items()}
        try:
            before: dict[str, str] = json.loads(self._stamps.read_bytes())
        except (OSError, ValueError):
            before = {}
        for path in self.root.iterdir():
            is_here = path.name in now or not self._store.is_whole
            if path.is_dir() and not (is_here and before.get(path.name) == now.get(path.name, before.get(path.name))):
                shutil.rmtree(path)
        _replace(self._stamps, json.dumps(now if self._store.is_whole else before | now).encode())

    @contextmanager
    def _locked(self) -> Generator[None, None, None]:
        descriptor = os.open(self._home, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def fetch_file(store: EpisodeStore, name: str, file: str, folder: Path) -> None:
    """Bring a file of an episode into its folder.

    Raises:
        StoreUnavailable, DamagedEpisode: the store does not give it.
        OSError: the disk is full or gone.
    """
    path = folder / file
    path.parent.mkdir(parents=True, exist_ok=True)
    _replace(path, store.read(name, file))


def _replace(path: Path, content: bytes) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}.partial")
    temporary.write_bytes(content)
    temporary.replace(path)


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None


def _default_folder() -> Path:
    given = os.environ.get(FOLDER)
    if given:
        return Path(given)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "clam-robot"
