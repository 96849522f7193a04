"""A folder of episodes, here or elsewhere, as something to copy from and to."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, kw_only=True)
class StoredEpisode:
    """What a store has of an episode.

    Attributes:
        files: size of each [bytes], by its path within the episode.
        is_finished: whether it counts as an episode; a copy that was begun does not.
        is_claimed: whether a copy of it was begun.
        stamp: changes when the episode is another; "" where the store cannot tell.
    """

    files: Mapping[str, int]
    is_finished: bool
    is_claimed: bool = False
    stamp: str = ""

    @property
    def num_bytes(self) -> int:
        """Size of all files [bytes]."""
        return sum(self.files.values())


@runtime_checkable
class EpisodeStore(Protocol):
    """Finished episodes are read; a new one is claimed, written file by file in any order, and finished.

    What was claimed and not finished is no episode for anybody who reads, and a later copy goes on with it. `read`,
    `write` and `read_back` are called from several threads.

    Every method raises `StoreUnavailable` where the store cannot be reached or refuses; `OSError` on a local disk.
    """

    @property
    def place(self) -> str:
        """Path or URL, for people."""
        ...

    @property
    def is_whole(self) -> bool:
        """Whether it is asked for all episodes there, and not for a part."""
        ...

    def look(self) -> dict[str, StoredEpisode]:
        """What is there now, by name; oldest first."""
        ...

    def read(self, episode: str, file: str) -> bytes:
        """A file of a finished episode.

        Raises:
            DamagedEpisode: it is not there.
        """
        ...

    def claim(self, episode: str, marker: bytes) -> bytes:
        """Begin an episode, or go on with one.

        Args:
            episode: its name.
            marker: the description that will finish it.

        Returns:
            The description of the episode that has the name; another one's where that is being copied here.

        Raises:
            EpisodeError: another program copies it to here now.
        """
        ...

    def write(self, episode: str, file: str, content: bytes) -> None:
        """Write a file of the claimed episode, whole or not at all."""
        ...

    def read_back(self, episode: str, file: str) -> bytes:
        """A file of the claimed episode."""
        ...

    def finish(self, episode: str, marker: bytes) -> None:
        """Make an episode of what was written.

        Raises:
            EpisodeExists: there is one of this name.
        """
        ...

    def release(self) -> None:
        """Let go of what is claimed; it stays as it is."""
        ...
