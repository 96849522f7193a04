"""Measures a table: records what its cells learn from, does the cells that are missing, and sums them up."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from clam_robot import config
from clam_robot.errors import ConfigError
from clam_robot.reproduce import data
from clam_robot.reproduce.cell import CellJob, CellResult
from clam_robot.reproduce.cluster import require_cluster, run_on_cluster
from clam_robot.reproduce.measurements import Measurements
from clam_robot.reproduce.paper import figure
from clam_robot.reproduce.summary import Entry, entry
from clam_robot.reproduce.table import Row, Table
from clam_robot.reproduce.tables import TABLES
from clam_robot.training.parallel import Job, run_jobs
from clam_robot.training.trainer import Progress
from sim.collect import Collected


@dataclass(frozen=True, kw_only=True)
class ReproduceConfig(config.Strict):
    """Which table to measure, how far, and on what machines.

    Attributes:
        table: which.
        tasks: columns; all by default.
        rows: of the table; all by default.
        label_sets: disjoint draws of labelled play, and as many training seeds.
        episodes: rollouts of each trained policy.
        workers: processes on this machine.
        ray: address of a Ray cluster to run on instead, or "local" to start one here; every machine of it must see the
            same folder.
    """

    table: str = "state"
    tasks: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()
    label_sets: int = 5
    episodes: int = 50
    workers: int = 2
    ray: str | None = None

    def __post_init__(self) -> None:
        if self.table not in TABLES:
            raise ConfigError(f"no table named {self.table!r}; there are {', '.join(TABLES)}")
        for name in ("label_sets", "episodes", "workers"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name}: expected at least 1, found {getattr(self, name)}")


class Reproduction:
    """A table being measured in a folder; what is there already is not measured again.

    Args:
        config: what to measure.
        root: folder of data, cells and tables; tables share it.
        table: instead of the one that `config` names.

    Raises:
        ConfigError: no such table, task or row, or more labelled sets than its play gives.
    """

    def __init__(self, config: ReproduceConfig, root: Path, table: Table | None = None) -> None:
        self.config = config
        self._whole = table or TABLES[config.table]
        self.table = self._whole.only(tasks=config.tasks, rows=config.rows)
        self._root = root
        _require_play(self.table, config.label_sets)

    def jobs(self, row: Row, robot: str) -> list[CellJob]:
        """The cells of an entry, one for each labelled set."""
        return [
            CellJob(cell=self.table.cell(row, robot, k, episodes=self.config.episodes), row=row.name, root=self._root)
            for k in range(self.config.label_sets)
        ]

    def missing(self) -> list[CellJob]:
        """Cells that are not done, each once, all methods of a task and set before the next set."""
        jobs = {
            job.cell.key: job
            for robot in self.table.robots
            for each in zip(*(self.jobs(row, robot) for row in self.table.rows), strict=True)
            for job in each
        }
        there, least = Measurements(self._root), self.config.episodes
        return [job for job in jobs.values() if there.best(job.cell, least=least) is None and job.done() is None]

    def data_sets(self) -> list[data.DataConfig]:
        """What the missing cells learn from."""
        cells = [job.cell for job in self.missing()]
        return data.largest(each for cell in cells for each in (cell.play, cell.demonstrations) if each is not None)

    def require_machines(self) -> None:
        """Refuse a cluster that does not answer, before anything is recorded for it.

        Raises:
            ClamRobotError: it does not, or Ray is not installed.
        """
        if self.config.ray is not None:
            require_cluster(self.config.ray)

    def record(self, wanted: data.DataConfig, on_progress: Callable[[Collected], None]) -> int:
        """Record a data set as far as it is missing; returns how many episodes that were."""
        return data.record(self._root, wanted, workers=self.config.workers, on_progress=on_progress)

    def run(self, progress: Progress, on_result: Callable[[Job[CellResult], CellResult], None]) -> None:
        """Do the missing cells.

        Raises:
            ClamRobotError: the first failure; the same call goes on.
        """
        if self.config.ray is not None:
            run_on_cluster(self.missing(), address=self.config.ray, on_result=on_result)
        else:
            run_jobs(self.missing(), progress, workers=self.config.workers, on_result=on_result)

    def entries(self) -> list[Entry]:
        """Every entry whose cells are all done, of the draws that were asked for."""
        there, num_draws = Measurements(self._root), self.config.label_sets
        entries = self._entries(self.table, there, num_draws, least=self.config.episodes)
        return [entry for entry in entries if len(entry.scores) == num_draws]

    def measured(self) -> tuple[Table, list[Entry]]:
        """What is measured of the whole table, by earlier calls for other parts of it or for more draws, too."""
        there = Measurements(self._root)
        entries = self._entries(self._whole, there, there.num_draws)
        robots, rows = {entry.robot for entry in entries}, {entry.row for entry in entries}
        return self._whole.only(tasks=tuple(robots), rows=tuple(rows)) if entries else self.table, entries

    def _entries(self, table: Table, there: Measurements, num_draws: int, *, least: int = 1) -> list[Entry]:
        entries: list[Entry] = []
        for row in table.rows:
            for robot in table.robots:
                cells = [table.cell(row, robot, k, episodes=least) for k in range(num_draws)]
                results = [result for cell in cells if (result := there.best(cell, least=least)) is not None]
                if results:
                    score, paper = data.full_score(self._root, robot), figure(table.name, row.name, robot)
                    entries.append(entry(row.name, robot, results, full_score=score, paper=paper))
        return entries


def _require_play(table: Table, label_sets: int) -> None:
    cells = [table.cell(row, table.robots[0], 0, episodes=1) for row in table.rows]
    num_labeled = max((cell.train.num_labeled for cell in cells if cell.play is not None), default=0)
    if label_sets * num_labeled > table.num_play:
        raise ConfigError(
            f"--label-sets: expected at most {table.num_play // num_labeled}, as each takes {num_labeled} of the "
            f"{table.num_play} episodes of play that table {table.name} is measured with, found {label_sets}"
        )
