"""`clam record`."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Protocol, runtime_checkable

import tyro
from rich.progress import TaskID

from clam_robot.cli.arguments import require_positive
from clam_robot.cli.console import console, plural, progress_bars
from clam_robot.cli.session_mirror import mirroring
from clam_robot.episodes.folder_lock import folder_lock
from clam_robot.episodes.index import EpisodeIndex, IndexEntry
from clam_robot.episodes.same_robot import require_same_robot
from clam_robot.episodes.stores.place import require_folder
from clam_robot.errors import ClamRobotError
from clam_robot.timing import ManualClock
from sim.collect import CollectConfig, Collected, collect, robot_of


@runtime_checkable
class Runnable(Protocol):
    """A command."""

    def run(self) -> None:
        """Do it."""
        ...


def parse(words: Sequence[str]) -> Runnable:
    """A person records where a device is given, else what is simulated plays or shows by itself."""
    if any(word == "--device" or word.startswith("--device=") for word in words):
        from clam_robot.cli import record_session  # brings the devices

        return tyro.cli(record_session.Command, prog="clam record", args=words)
    return tyro.cli(Command, prog="clam record", args=words)


@dataclass(frozen=True, kw_only=True)
class Command:
    """Record episodes of a scripted expert or of play in simulation.

    With `--device keyboard`, or another device, you record by hand: `clam record --device keyboard --help`.

    Recording goes on where it stopped: the command ends when the folder holds `--episodes` episodes of the source.
    Ctrl-C keeps every finished episode. One command at a time records into a folder; a second one is refused.

    Attributes:
        out: folder of the data set.
        episodes: how many the folder shall hold.
        workers: processes to record with.
        mirror: URL such as s3://bucket/folder to which each finished episode is copied, beside the recording; the one
            here stays.
        collect: what to record.
    """

    out: Path
    episodes: int = 50
    workers: int = 1
    mirror: str | None = None
    collect: Annotated[CollectConfig, tyro.conf.arg(name="")] = field(default_factory=CollectConfig)

    def run(self) -> None:
        """Record and say where the episodes are."""
        require_positive(episodes=self.episodes, workers=self.workers)
        require_folder(self.out, "--out")
        with folder_lock(self.out, f"clam record --robot {self.collect.robot}"):
            self._record_missing()

    def _record_missing(self) -> None:
        config = self.collect
        require_same_robot(self.out, robot_of(config, ManualClock()).spec)
        there = [
            entry
            for entry in EpisodeIndex(self.out).entries()[0].values()
            if entry.source == config.source and (entry.num_labeled > 0) == config.is_labeled
        ]
        missing = self.episodes - len(there)
        if missing <= 0:
            console.print(
                f"{self.out} already holds {plural(len(there), f'{config.source} episode')}; "
                "ask for more with --episodes"
            )
            return
        with mirroring(self.out, self.mirror):
            self._record(missing, there)

    def _record(self, missing: int, there: Sequence[IndexEntry]) -> None:
        config = self.collect
        seeds = [entry.seed for entry in there if entry.seed is not None and entry.seed >= config.first_seed]
        collected = Collected(num_kept=0, num_discarded=0)
        try:
            with progress_bars() as bars:
                task: TaskID | None = None

                def show(progress: Collected) -> None:
                    nonlocal collected, task
                    collected = progress
                    if task is None:
                        task = bars.add_task(f"{config.source} on {config.robot}", total=missing, note="")
                    note = f"{progress.num_discarded} discarded" if progress.num_discarded else ""
                    bars.show(task, progress.num_kept, note)

                collect(
                    config,
                    self.out,
                    missing,
                    first_scene=max(seeds) + 1 if seeds else None,
                    workers=self.workers,
                    on_progress=show,
                )
        except ClamRobotError:
            if collected.num_kept:
                self._report(collected)
            raise
        except KeyboardInterrupt:
            self._report(collected)
            raise
        self._report(collected)

    def _report(self, collected: Collected) -> None:
        console.print(
            f"recorded {plural(collected.num_kept, f'{self.collect.source} episode')}"
            f" ({collected.num_discarded} discarded by their outcome): {self.out}"
        )
