"""What a data set's folder holds when a session begins, and what a crash left in it."""

from dataclasses import dataclass, replace
from pathlib import Path

from clam_robot.episodes import attributes, folders
from clam_robot.episodes.index import EpisodeIndex


@dataclass(frozen=True, kw_only=True)
class KeptSoFar:
    """Episodes of earlier sittings.

    Attributes:
        num_kept: finished episodes that can be read.
        num_success: of these, judged successful; `num_failure` and `num_unsure` likewise.
        seconds: duration of them all [s].
        next_seed: first scene seed above all of them.
        names: of them, oldest first.
        modes: what they were recorded for, where it is known.
        tasks: in words, in the order of their first use.
        unfinished: folders that a crash, or a decision never made, left behind.
        under_way: folders that another program records into now.
        damaged: what is wrong with the episodes that cannot be read, by name.
    """

    num_kept: int = 0
    num_success: int = 0
    num_failure: int = 0
    num_unsure: int = 0
    seconds: float = 0.0
    next_seed: int = 0
    names: tuple[str, ...] = ()
    modes: frozenset[str] = frozenset()
    tasks: tuple[str, ...] = ()
    unfinished: tuple[str, ...] = ()
    under_way: tuple[str, ...] = ()
    damaged: tuple[tuple[str, str], ...] = ()

    def with_one_more(self, success: bool | None) -> "KeptSoFar":
        """After another episode was kept."""
        return replace(
            self,
            num_kept=self.num_kept + 1,
            num_success=self.num_success + (success is True),
            num_failure=self.num_failure + (success is False),
            num_unsure=self.num_unsure + (success is None),
        )


def look(root: Path) -> KeptSoFar:
    """See what is there; nothing is changed. A folder that does not exist holds nothing.

    Raises:
        EpisodeError: the attributes of an episode cannot be read.
    """
    if not root.is_dir():
        return KeptSoFar()
    found, damaged = EpisodeIndex(root).entries()
    verdicts = [entry.success for entry in found.values()]
    partial = folders.partial_episodes(root)
    under_way = tuple(name for name in partial if folders.is_being_recorded(root / name))
    modes = {attributes.read(root / name).mode for name in found}
    return KeptSoFar(
        num_kept=len(found),
        num_success=verdicts.count(True),
        num_failure=verdicts.count(False),
        num_unsure=verdicts.count(None),
        seconds=float(sum(entry.duration for entry in found.values())),
        next_seed=1 + max((entry.seed for entry in found.values() if entry.seed is not None), default=-1),
        names=tuple(found),
        modes=frozenset(modes - {""}),
        tasks=tuple(dict.fromkeys(entry.task for entry in found.values())),
        unfinished=tuple(name for name in partial if name not in under_way),
        under_way=under_way,
        damaged=tuple((name, str(error)) for name, error in damaged.items()),
    )
