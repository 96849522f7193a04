"""A table: rows of methods, columns of tasks, and the cells behind each entry."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from clam_robot import config
from clam_robot.errors import ConfigError
from clam_robot.reproduce.cell import CellConfig
from clam_robot.reproduce.data import DataConfig
from clam_robot.training.config import Method, TrainConfig
from clam_robot.training.presets import PRESETS
from sim.collect import CollectConfig

NUM_DEMONSTRATIONS = 100


@dataclass(frozen=True, kw_only=True)
class Row:
    """One method or setting.

    Attributes:
        name: shown; the paper's figures are found by it.
        method: how to train.
        preset: settings by name (`clam_robot.training.presets`).
        train: settings that differ from the preset's, by dotted name.
        collect: settings of recording that differ from the defaults.
        num_demonstrations: to record and use.
    """

    name: str
    method: Method
    preset: str = "ours"
    train: Mapping[str, Any] = field(default_factory=dict[str, Any])
    collect: Mapping[str, Any] = field(default_factory=dict[str, Any])
    num_demonstrations: int = NUM_DEMONSTRATIONS


@dataclass(frozen=True, kw_only=True)
class Table:
    """What to measure.

    Attributes:
        name: on the command line.
        title: for people.
        robots: columns.
        rows: from top to bottom.
        num_play: episodes of play that every labelled set is drawn from; fixed, as the draw depends on how many there
            are.
    """

    name: str
    title: str
    robots: tuple[str, ...]
    rows: tuple[Row, ...]
    num_play: int = 250

    def only(self, *, tasks: Sequence[str] = (), rows: Sequence[str] = ()) -> "Table":
        """The part of the table with these columns and rows; all of them where none is named.

        Raises:
            ConfigError: there is no such task or row; names those there are.
        """
        chosen = [robot for robot in self.robots if not tasks or robot in tasks or robot.partition(":")[2] in tasks]
        found = {robot.partition(":")[2] for robot in chosen} | set(chosen)
        _require_found(tasks, found, self.robots, what=f"task in table {self.name}")
        named = [row for row in self.rows if not rows or row.name in rows]
        _require_found(rows, {row.name for row in named}, [row.name for row in self.rows], what="row")
        return dataclasses.replace(self, robots=tuple(chosen), rows=tuple(named))

    def cell(self, row: Row, robot: str, label_set: int, *, episodes: int) -> CellConfig:
        """The cell of one labelled set; its training seed is the set's number."""
        needs_play, needs_demonstrations = row.method != "oracle", row.method != "bc-play"
        preset = PRESETS[row.preset]
        described = config.to_dict(dataclasses.replace(preset, method=row.method, label_set=label_set, seed=label_set))
        for name, value in row.train.items():
            *path, leaf = name.split(".")
            part = described
            for key in path:
                part = part[key]
            part[leaf] = value
        described["num_demonstrations"] = row.num_demonstrations
        train = config.from_dict(TrainConfig, described, source=f"row {row.name} of table {self.name}")
        return CellConfig(
            robot=robot,
            play=_data(row, robot, "play", self.num_play) if needs_play else None,
            demonstrations=_data(row, robot, "expert", row.num_demonstrations) if needs_demonstrations else None,
            train=train,
            episodes=episodes,
        )


def _data(row: Row, robot: str, source: str, episodes: int) -> DataConfig:
    settings = {"robot": robot, "source": source, **row.collect}
    return DataConfig(collect=config.from_dict(CollectConfig, settings, source=f"row {row.name}"), episodes=episodes)


def _require_found(wanted: Sequence[str], found: set[str], there: Sequence[str], *, what: str) -> None:
    for name in wanted:
        if name not in found:
            raise ConfigError(f"no {what} named {name!r}; there are {', '.join(there)}")
