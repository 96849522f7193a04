"""What other formats have no place for: the robot's spec, and what is known of each episode as a whole.

LeRobot data sets have it in `meta/clam_robot.json`, replay buffers as an attribute of the group.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from clam_robot import config
from clam_robot.episodes import schema
from clam_robot.episodes.reader import Episode
from clam_robot.specs import RobotSpec

FILE = "meta/clam_robot.json"


@dataclass(frozen=True, kw_only=True)
class EpisodeExtras(config.Strict):
    """What is known of one episode as a whole; names as in `clam_robot.episodes.attributes`.

    Attributes:
        origin: what its capture times count from where they are not the clock's own [s].
        time_corrections: of the times that other formats keep; the joints' own rate is none of them.
    """

    origin: float
    task: str
    source: str
    seed: int | None
    is_labeled: bool
    success: bool | None
    end: str
    started_at: str
    calibration: dict[str, Any] | None
    time_corrections: dict[str, float] = field(default_factory=dict[str, float])

    @classmethod
    def of(cls, episode: Episode) -> "EpisodeExtras":
        """Taken from an episode's attributes."""
        known = episode.attributes
        return EpisodeExtras(
            origin=origin_of(episode),
            task=known.task,
            source=known.source,
            seed=known.seed,
            is_labeled=known.is_labeled,
            success=known.success,
            end=known.end,
            started_at=known.started_at,
            calibration=known.calibration,
            time_corrections=_of_rows(known.time_corrections),
        )


@dataclass(frozen=True, kw_only=True)
class DatasetExtras(config.Strict):
    """The robot, and one entry per episode in order."""

    spec: RobotSpec
    episodes: tuple[EpisodeExtras, ...]


def _of_rows(corrections: Mapping[str, float]) -> dict[str, float]:
    """Those of times that stand in rows."""
    return {array: seconds for array, seconds in corrections.items() if array != schema.JOINT_TIME}


def origin_of(episode: Episode) -> float:
    """The whole second before an episode [s]: counted from there, and back, no time is rounded."""
    return float(np.floor(episode.time[0])) if len(episode) else 0.0


def write(root: Path, extras: DatasetExtras) -> None:
    """Beside the other descriptions below `root`."""
    (root / FILE).write_text(json.dumps(config.to_dict(extras)))


def read(root: Path) -> DatasetExtras | None:
    """None where another program wrote the data set.

    Raises:
        ConfigError: the file does not fit.
    """
    path = root / FILE
    return config.load(DatasetExtras, path) if path.exists() else None
