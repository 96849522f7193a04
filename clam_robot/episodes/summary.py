"""What is in a data set, told in numbers."""

import datetime
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from clam_robot.episodes import attributes, folders
from clam_robot.episodes.dataset import SINGLE, EpisodeDataset
from clam_robot.episodes.index import EpisodeIndex, IndexEntry
from clam_robot.errors import EpisodeError, NoEpisodes
from clam_robot.specs import RobotSpec


@dataclass(frozen=True, kw_only=True)
class PartialEpisode:
    """An episode without an end: it is being recorded, or a crash left it behind.

    Attributes:
        name: hidden folder.
        num_bytes: size on disk [bytes].
        changed_at: when it last grew, UTC.
        is_recording: whether a living process records into it; otherwise `clam repair` finishes it.
    """

    name: str
    num_bytes: int
    changed_at: datetime.datetime
    is_recording: bool


@dataclass(frozen=True, kw_only=True)
class DatasetSummary:
    """A data set in numbers.

    Attributes:
        root: where it is.
        spec: the robot; of the first readable episode.
        num_specs: how many different specs there are; more than one is a mixture.
        num_episodes: readable episodes.
        num_rows: rows of all episodes.
        seconds: duration of all episodes [s].
        length_min: rows of the shortest episode.
        length_median: rows of the median episode.
        length_max: rows of the longest episode.
        achieved_hz: control periods per second really reached, median over episodes; None where unknown.
        num_labeled: rows whose action may be used as a label.
        num_dropped: rows lost in recording.
        num_success: successful episodes.
        num_failure: failed episodes.
        num_unjudged: episodes of which nobody knows.
        tasks: episodes by task.
        sources: episodes by source.
        first_started_at: UTC, ISO 8601.
        last_started_at: UTC, ISO 8601.
        num_bytes: size on disk [bytes].
        partial: episodes without an end.
        damaged: what is wrong with each episode that cannot be read, by name.
        calibration: that the newest episode carries; None where it has none.
    """

    root: Path
    spec: RobotSpec
    num_specs: int
    num_episodes: int
    num_rows: int
    seconds: float
    length_min: int
    length_median: float
    length_max: int
    achieved_hz: float | None
    num_labeled: int
    num_dropped: int
    num_success: int
    num_failure: int
    num_unjudged: int
    tasks: Mapping[str, int]
    sources: Mapping[str, int]
    first_started_at: str
    last_started_at: str
    num_bytes: int
    partial: tuple[PartialEpisode, ...]
    damaged: Mapping[str, str]
    calibration: dict[str, Any] | None = None

    @property
    def labeled_share(self) -> float:
        """Labelled rows among all rows [0 .. 1]."""
        return self.num_labeled / self.num_rows if self.num_rows else 0.0


def summarize(root: Path) -> DatasetSummary:
    """Look through a data set, or a single episode; only at what describes its episodes (`clam verify` reads all).

    Args:
        root: folder of the data set or of one episode.

    Raises:
        NoEpisodes: nothing to read, or every episode is damaged.
    """
    found, damaged = _entries(root, EpisodeDataset(root).names)
    if not found:
        name, error = next(iter(damaged.items()))
        raise NoEpisodes(f"expected episodes in {root}, found {len(damaged)}, all of them damaged; {name}: {error}")
    entries = list(found.values())
    lengths = np.array([entry.length for entry in entries])
    rates = [entry.achieved_hz for entry in entries if entry.achieved_hz is not None]
    success = Counter(entry.success for entry in entries)
    return DatasetSummary(
        root=root,
        spec=attributes.read(root / entries[0].name).spec,
        num_specs=len({entry.spec_digest for entry in entries}),
        num_episodes=len(entries),
        num_rows=int(lengths.sum()),
        seconds=sum(entry.duration for entry in entries),
        length_min=int(lengths.min()),
        length_median=float(np.median(lengths)),
        length_max=int(lengths.max()),
        achieved_hz=float(np.median(rates)) if rates else None,
        num_labeled=sum(entry.num_labeled for entry in entries),
        num_dropped=sum(entry.num_dropped for entry in entries),
        num_success=success[True],
        num_failure=success[False],
        num_unjudged=success[None],
        tasks=dict(Counter(entry.task for entry in entries)),
        sources=dict(Counter(entry.source for entry in entries)),
        first_started_at=min(entry.started_at for entry in entries),
        last_started_at=max(entry.started_at for entry in entries),
        num_bytes=sum(entry.num_bytes for entry in entries),
        partial=tuple(_partial(root / name) for name in folders.partial_episodes(root)),
        damaged={name: str(error) for name, error in damaged.items()},
        calibration=attributes.read(root / max(entries, key=lambda entry: entry.started_at).name).calibration,
    )


def _entries(root: Path, names: tuple[str, ...]) -> tuple[dict[str, IndexEntry], dict[str, EpisodeError]]:
    index = EpisodeIndex(root)
    if names == (SINGLE,):
        return {SINGLE: index.entry(SINGLE, attributes.read(root))}, {}
    found, damaged = index.entries()
    return dict(found), dict(damaged)


def _partial(folder: Path) -> PartialEpisode:
    changed_at = datetime.datetime.fromtimestamp(folder.stat().st_mtime, datetime.UTC)
    return PartialEpisode(
        name=folder.name,
        num_bytes=folders.num_bytes(folder),
        changed_at=changed_at,
        is_recording=folders.is_being_recorded(folder),
    )
