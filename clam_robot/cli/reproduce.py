"""`clam reproduce`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import tyro
from rich.progress import TaskID
from rich.table import Table as RichTable

from clam_robot.cli.console import Bars, console, progress_bars
from clam_robot.reproduce.cell import CellResult
from clam_robot.reproduce.output import common_extent, grid, write
from clam_robot.reproduce.reproduction import ReproduceConfig, Reproduction
from clam_robot.reproduce.summary import Entry
from clam_robot.timing import MonotonicClock
from clam_robot.training.parallel import Job
from sim.collect import Collected


@dataclass(frozen=True, kw_only=True)
class Command:
    """Measure a table of the paper anew, beside the paper's figures.

    Records the play and demonstrations it needs, trains every method on disjoint draws of labelled play, and judges
    each policy on the same scenes, which no data set shares. Interrupted, the same command goes on where it was; what
    one table has measured, another does not measure again. The files it writes hold all that is measured of the table,
    in parts or at once: of each cell the measurement with the most rollouts, over all draws there are.

    Attributes:
        out: folder of data, cells and tables.
        list: only say what tables, tasks and rows there are.
        reproduce: what to measure.
    """

    out: Path = Path("outputs/reproduce")
    list: bool = False
    reproduce: Annotated[ReproduceConfig, tyro.conf.arg(name="")] = field(default_factory=ReproduceConfig)

    def run(self) -> None:
        """Measure what is missing, print the table, and say where it is written."""
        if self.list:
            _print_tables()
            return
        stopwatch = MonotonicClock()
        begin = stopwatch.now()
        reproduction = Reproduction(self.reproduce, self.out)
        missing = reproduction.missing()
        if missing:
            reproduction.require_machines()
            console.print(f"{reproduction.table.title}: {len(missing)} cells to measure", highlight=False)
            self._record(reproduction)
            with progress_bars() as bars:
                reproduction.run(*_shown(bars, len(missing)))
        entries = reproduction.entries()
        console.print()
        console.print(_table(reproduction, entries))
        if missing:
            console.print(f"measured in {stopwatch.now() - begin:.0f} s")
        for path in write(self.out, *reproduction.measured()):
            console.print(f"written: {path}")

    def _record(self, reproduction: Reproduction) -> None:
        with progress_bars() as bars:
            for wanted in reproduction.data_sets():
                name = f"{wanted.collect.source} {wanted.collect.robot.partition(':')[2]}"
                task = bars.add_task(name, total=wanted.episodes, note="")

                def show(progress: Collected, task: TaskID = task) -> None:
                    note = f"{progress.num_discarded} discarded" if progress.num_discarded else ""
                    bars.show(task, progress.num_kept, note)

                num_recorded = reproduction.record(wanted, show)
                bars.update(task, total=num_recorded, completed=num_recorded, note="" if num_recorded else "there")


class _Running:
    """A bar for every cell that runs, gone when it is done."""

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}

    def update(self, stage: str, step: int, total: int, logs: Mapping[str, float]) -> None:
        """Show the newest stage of a cell."""
        cell, _, what = stage.partition(": ")
        if cell not in self._tasks:
            self._tasks[cell] = self._bars.add_task(cell, total=total, note="")
        self._bars.update(self._tasks[cell], total=total, completed=step, note=what.replace("_", " "))

    def end(self, cell: str) -> None:
        """Take its bar away."""
        if cell in self._tasks:
            self._bars.remove_task(self._tasks.pop(cell))


def _shown(bars: Bars, total: int) -> tuple[_Running, "_OnResult"]:
    running = _Running(bars)
    return running, _OnResult(bars, running, total)


class _OnResult:
    """Counts cells and tells each one's score."""

    def __init__(self, bars: Bars, running: _Running, total: int) -> None:
        self._bars = bars
        self._running = running
        self._task = bars.add_task("cells", total=total, note="")
        self._num_done = 0

    def __call__(self, job: Job[CellResult], result: CellResult) -> None:
        self._num_done += 1
        self._running.end(job.name)
        successes, rollouts = sum(result.successes), len(result.successes)
        mean_return = sum(result.returns) / rollouts
        console.print(
            f"{job.name}: {successes}/{rollouts}, return {mean_return:.0f}, "
            f"{result.train_seconds:.0f} + {result.evaluate_seconds:.0f} s"
        )
        self._bars.show(self._task, self._num_done, "")


def _table(reproduction: Reproduction, entries: list[Entry]) -> RichTable:
    header, *rows = grid(reproduction.table, entries)
    extent = common_extent(entries)
    shown = RichTable(*header, title=reproduction.table.title, caption=f"{extent} each" if extent else None)
    for row in rows:
        shown.add_row(*row)
    return shown


def _print_tables() -> None:
    from clam_robot.reproduce.tables import TABLES

    for table in TABLES.values():
        console.print(f"[bold]{table.name}[/]: {table.title}")
        console.print(f"  tasks: {', '.join(robot.partition(':')[2] for robot in table.robots)}", soft_wrap=True)
        console.print(f"  rows: {'; '.join(row.name for row in table.rows)}", soft_wrap=True)
