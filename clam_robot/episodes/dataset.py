"""A folder of episodes as a sequence."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import overload

from clam_robot.episodes import folders, schema
from clam_robot.episodes.index import EpisodeIndex
from clam_robot.episodes.reader import Episode
from clam_robot.errors import NoEpisodes
from clam_robot.specs import RobotSpec

SINGLE = "."
"""Name of the episode within a folder that is itself one."""


class EpisodeDataset(Sequence[Episode]):
    """The finished episodes below a folder, oldest first, or a single one.

    Making it costs one directory listing; an episode is opened when it is asked for. Episodes that are being recorded,
    or that a crash left behind, are passed over.

    Raises:
        NoEpisodes: nothing to read.
        SpecMismatch: an episode of another robot among them; names it.
        UnknownSchema, DamagedEpisode: see `Episode`.
    """

    def __init__(self, root: Path, names: Sequence[str] | None = None) -> None:
        self.root = root
        self.names = tuple(_names(root) if names is None else names)

    def __len__(self) -> int:
        return len(self.names)

    @overload
    def __getitem__(self, index: int) -> Episode: ...
    @overload
    def __getitem__(self, index: slice) -> "EpisodeDataset": ...
    def __getitem__(self, index: int | slice) -> "Episode | EpisodeDataset":
        """Open an episode, or take a part of the data set."""
        if isinstance(index, slice):
            return EpisodeDataset(self.root, self.names[index])
        episode = Episode(self.root / self.names[index])
        if self.names[index] != self.names[0]:
            self._require(episode)
        return episode

    @cached_property
    def spec(self) -> RobotSpec:
        """The robot all episodes are of; compares every one with the first, by the index."""
        if not self.names:
            raise NoEpisodes(f"expected episodes in this part of {self.root}, found none; take a larger part")
        entries = EpisodeIndex(self.root).entries().found
        if self.names[0] in entries:
            first = entries[self.names[0]].spec_digest
            for name in self.names:
                if name in entries and entries[name].spec_digest != first:
                    self._require(Episode(self.root / name))
        return self._first_spec

    @cached_property
    def _first_spec(self) -> RobotSpec:
        return Episode(self.root / self.names[0]).spec

    def _require(self, episode: Episode) -> None:
        self._first_spec.require(episode.spec, what=f"{episode.path} beside {self.root / self.names[0]}")


def _names(root: Path) -> list[str]:
    if (root / schema.METADATA).exists():
        return [SINGLE]
    if not root.is_dir():
        raise NoEpisodes(f"expected a folder of episodes at {root}, found none; record some, or give another path")
    names = folders.finished_episodes(root)
    if not names:
        partial = folders.partial_episodes(root)
        detail = f" but {len(partial)} unfinished" if partial else ""
        raise NoEpisodes(f"expected episodes named episode_000000 and on in {root}, found none{detail}; record some")
    return names
