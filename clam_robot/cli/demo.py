"""`clam demo`."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import tyro
from rich.progress import TaskID
from rich.table import Table

from clam_robot.cli.console import TrainingBars, console, progress_bars
from clam_robot.control.success_rate import SuccessRate
from clam_robot.demo.config import DemoConfig
from clam_robot.demo.pipeline import Demo
from clam_robot.demo.report import write_report
from clam_robot.demo.result import RunResult, by_method
from clam_robot.timing import MonotonicClock
from clam_robot.types import EpisodeOutcome
from sim.collect import Collected


@dataclass(frozen=True, kw_only=True)
class Command:
    """The whole path on a simulated arm: record, train, serve, run, report.

    Play and demonstrations are recorded in MetaWorld, CLAM and the baselines are trained, each policy is served from
    its own process, and the simulated robot is driven through it, filmed and recorded. Interrupted, the same command
    goes on where it was.

    Attributes:
        out: folder of all outputs.
        demo: what to do.
    """

    out: Path = Path("outputs/demo")
    demo: Annotated[DemoConfig, tyro.conf.arg(name="")] = field(default_factory=DemoConfig)

    def run(self) -> None:
        """Run every stage, print the table, and say where the report is."""
        stopwatch = MonotonicClock()
        begin = stopwatch.now()
        demo = Demo(self.demo, self.out)
        demo.claim()
        console.rule(f"1/3 record {self.demo.robot}", align="left")
        self._record(demo)
        console.rule("2/3 train", align="left")
        with TrainingBars() as bars:
            trained = demo.train(bars)
        console.rule("3/3 serve and run", align="left")
        runs: list[RunResult] = []
        with progress_bars() as bars:
            for (method, label_set), training in trained.items():
                task = bars.add_task(f"{method} {label_set}", total=self.demo.episodes, note="starting its server")

                def show(outcomes: list[EpisodeOutcome], task: TaskID = task) -> None:
                    bars.show(task, len(outcomes), f"success {SuccessRate.of(outcomes).rate:.2f}")

                runs.append(demo.run(method, label_set, training, show))
        seconds = stopwatch.now() - begin
        report = write_report(
            self.out, self.demo, runs, play=demo.play, demonstrations=demo.demonstrations, seconds=seconds
        )
        console.print()
        console.print(_table(runs))
        console.print(f"whole demo: {seconds:.0f} s")
        console.print(f"report: {report}\nepisodes: {self.out / 'rollouts'}\nvideos: {self.out / 'videos'}")

    def _record(self, demo: Demo) -> None:
        with progress_bars() as bars:
            for source in ("play", "expert"):
                missing = demo.num_missing(source)
                task = bars.add_task(source, total=missing, note="" if missing else "there")

                def show(progress: Collected, task: TaskID = task) -> None:
                    note = f"{progress.num_discarded} discarded" if progress.num_discarded else ""
                    bars.show(task, progress.num_kept, note)

                demo.record(source, show)


def _table(runs: list[RunResult]) -> Table:
    table = Table("method", "success", "95 % interval", "rollouts", "seconds", "round trip p50 / p99")
    for result in by_method(runs):
        low, high = result.success.interval()
        table.add_row(
            result.method,
            f"{result.success.rate:.2f}",
            f"{low:.2f} .. {high:.2f}",
            f"{result.success.successes}/{result.success.num_episodes}",
            f"{result.seconds:.0f}",
            f"{result.round_trip(50):.1f} / {result.round_trip(99):.1f} ms",
        )
    return table
