"""Stores that tests look into, or break."""

from clam_robot.episodes.stores.episode_store import EpisodeStore, StoredEpisode


class BrokenOffError(Exception):
    """Somebody pulled the plug."""


class WatchedStore:
    """An `EpisodeStore` that remembers what was asked of another one, and fails when told to.

    Args:
        inner: the other one.
        breaks_after: so many files are written, then no more; None for never.
        spoils: the file whose content does not arrive as it was sent.
    """

    def __init__(self, inner: EpisodeStore, *, breaks_after: int | None = None, spoils: str = "") -> None:
        self._inner, self._breaks_after, self._spoils = inner, breaks_after, spoils
        self.written: list[str] = []
        self.read_files: list[str] = []

    @property
    def place(self) -> str:
        return self._inner.place

    @property
    def is_whole(self) -> bool:
        return self._inner.is_whole

    def look(self) -> dict[str, StoredEpisode]:
        return self._inner.look()

    def read(self, episode: str, file: str) -> bytes:
        self.read_files.append(f"{episode}/{file}")
        return self._inner.read(episode, file)

    def claim(self, episode: str, marker: bytes) -> bytes:
        return self._inner.claim(episode, marker)

    def write(self, episode: str, file: str, content: bytes) -> None:
        if self._breaks_after is not None and len(self.written) >= self._breaks_after:
            raise BrokenOffError
        self.written.append(f"{episode}/{file}")
        self._inner.write(episode, file, content[:-1] + b"?" if file == self._spoils else content)

    def read_back(self, episode: str, file: str) -> bytes:
        return self._inner.read_back(episode, file)

    def finish(self, episode: str, marker: bytes) -> None:
        if self._breaks_after is not None:
            raise BrokenOffError
        self._inner.finish(episode, marker)

    def release(self) -> None:
        self._inner.release()
