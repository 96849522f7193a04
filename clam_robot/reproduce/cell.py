"""One cell of a table: one method on one task with one draw of labels, trained and judged."""

import hashlib
import json
import logging
import shutil
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from clam_robot import config
from clam_robot.episodes.folder_lock import folder_lock
from clam_robot.errors import CheckpointError, ClamRobotError, ConfigError, FolderInUse
from clam_robot.models.actor_policy import ActorPolicy
from clam_robot.models.checkpoint import load_policy
from clam_robot.reproduce.data import DataConfig, folder_of
from clam_robot.timing import ManualClock, MonotonicClock
from clam_robot.training.config import TrainConfig
from clam_robot.training.diagnostics import Diagnostics
from clam_robot.training.run import DIAGNOSTICS, TrainingResult, run_training
from clam_robot.training.trainer import Progress
from clam_robot.training.wall_time import WallTime
from clam_robot.types import EpisodeOutcome
from sim.collect import FIRST_SEED
from sim.robot_for_spec import robot_for
from sim.rollouts import run_rollouts

logger = logging.getLogger(__name__)

RESULT = "result.json"
_ROLLOUTS_TIME = "rollouts_time.json"
_POLL_SECONDS = 0.5


@dataclass(frozen=True, kw_only=True)
class CellConfig(config.Strict):
    """Everything that decides a cell's result.

    Attributes:
        robot: simulated robot, "metaworld:assembly".
        play: which play; None where the method needs none.
        demonstrations: which demonstrations; None where the method needs none.
        train: what to learn; its data sets are filled in from the two above.
        episodes: rollouts that judge it.
        first_scene: seed of the first of them.
    """

    robot: str
    play: DataConfig | None
    demonstrations: DataConfig | None
    train: TrainConfig
    episodes: int = 50
    first_scene: int = FIRST_SEED["evaluation"]

    @property
    def key(self) -> str:
        """Names the cell's folder: readable, and different for every configuration."""
        content = json.dumps(config.to_dict(self), sort_keys=True)
        digest = hashlib.sha256(content.encode()).hexdigest()[:10]
        return f"{self.robot.replace(':', '-')}-{self.train.method}-{self.train.label_set}-{digest}"


@dataclass(frozen=True, kw_only=True)
class CellResult(config.Strict):
    """What a cell measured.

    Attributes:
        cell: what was measured.
        successes: of every rollout, as the world judges it.
        returns: of every rollout.
        train_seconds: wall time of training, of all calls that took part in it [s].
        evaluate_seconds: wall time of the rollouts, of all calls that began them [s].
        diagnostics: of the latent actions, where there are any.
    """

    cell: CellConfig
    successes: tuple[bool, ...]
    returns: tuple[float, ...]
    train_seconds: float
    evaluate_seconds: float
    diagnostics: Diagnostics | None = None


@dataclass(frozen=True, kw_only=True)
class CellJob:
    """A cell to do.

    Attributes:
        cell: what to measure.
        row: of the table that asks for it.
        root: folder of all data and cells.
    """

    cell: CellConfig
    row: str
    root: Path

    @property
    def name(self) -> str:
        """For people."""
        return f"{self.cell.robot.partition(':')[2]}, {self.row}, {self.cell.train.label_set}"

    @property
    def directory(self) -> Path:
        """Folder of the cell."""
        return self.root / "cells" / self.cell.key

    def done(self) -> CellResult | None:
        """The result that is there already; a damaged one is set aside, so that the cell is measured again."""
        path = self.directory / RESULT
        if not path.exists():
            return None
        try:
            return read_result(path)
        except ConfigError as error:
            _set_aside(path, error)
            return None

    def run(self, progress: Progress) -> CellResult:
        """Train and judge; goes on where an earlier run was interrupted.

        While another program measures the cell, this waits, and takes over what that one leaves.
        """
        with self._turn(progress):
            there = self.done()
            return self._measure(progress) if there is None else there

    @contextmanager
    def _turn(self, progress: Progress) -> Generator[None, None, None]:
        clock = MonotonicClock()
        with ExitStack() as stack:
            while True:
                try:
                    stack.enter_context(folder_lock(self.directory, "clam reproduce"))
                    break
                except FolderInUse:
                    progress.update("waits for another program", 0, 1, {})
                    clock.sleep_until(clock.now() + _POLL_SECONDS)
            yield

    def _trained(self, progress: Progress) -> tuple[TrainingResult, ActorPolicy]:
        run = self.directory / "run"
        trained = run_training(self._train_config(), run, progress)
        try:
            return trained, load_policy(trained.checkpoint)[0]
        except CheckpointError as error:
            if not trained.was_finished:
                raise
            _set_aside(run, error)
            trained = run_training(self._train_config(), run, progress)
            return trained, load_policy(trained.checkpoint)[0]

    def _measure(self, progress: Progress) -> CellResult:
        trained, policy = self._trained(progress)
        clock, wall_time = ManualClock(), WallTime(self.directory / _ROLLOUTS_TIME, MonotonicClock())
        robot = robot_for(policy.spec, clock, self.cell.robot)
        robot.connect()
        judged: list[EpisodeOutcome] = []

        def show(scene: int, outcome: EpisodeOutcome) -> None:
            judged.append(outcome)
            wall_time.save()
            progress.update("rollouts", len(judged), self.cell.episodes, {})

        try:
            first = self.cell.first_scene
            run_rollouts(robot, policy, clock, range(first, first + self.cell.episodes), on_outcome=show)
        finally:
            robot.disconnect()
        measures = self.directory / "run" / DIAGNOSTICS
        result = CellResult(
            cell=self.cell,
            successes=tuple(bool(outcome.success) for outcome in judged),
            returns=tuple(outcome.episode_return or 0.0 for outcome in judged),
            train_seconds=round(trained.seconds, 1),
            evaluate_seconds=round(wall_time.seconds, 1),
            diagnostics=config.load(Diagnostics, measures) if measures.exists() else None,
        )
        partial = (self.directory / RESULT).with_suffix(".partial")
        partial.write_text(json.dumps(config.to_dict(result), indent=1))
        partial.replace(self.directory / RESULT)
        wall_time.end()
        shutil.rmtree(self.directory / "run" / "state", ignore_errors=True)  # the checkpoint is enough now
        return result

    def _train_config(self) -> TrainConfig:
        described = config.to_dict(self.cell.train)
        for name, data in (("play", self.cell.play), ("demonstrations", self.cell.demonstrations)):
            described[name] = None if data is None else str(folder_of(self.root, data))
        return config.from_dict(TrainConfig, described, source=f"cell {self.cell.key}")


def read_result(path: Path) -> CellResult | None:
    """A stored result; one that is not JSON is set aside, and there is none.

    Raises:
        ConfigError: it is of another version.
    """
    try:
        content = config.read(path)
    except ConfigError as error:
        _set_aside(path, error)
        return None
    return config.from_dict(CellResult, content, source=str(path))


def _set_aside(path: Path, error: ClamRobotError) -> None:
    aside = path.with_suffix(".damaged")
    if aside.is_dir():
        shutil.rmtree(aside)
    path.replace(aside)
    logger.warning("%s; it is now %s, and its cell counts as not measured", error, aside.name)
