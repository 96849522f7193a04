"""The stages of the demo. Each leaves its outputs in the demo's folder and goes on where it was interrupted."""

import json
import shutil
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from clam_robot import config as schema
from clam_robot.control.success_rate import SuccessRate
from clam_robot.demo.config import DemoConfig
from clam_robot.demo.result import RunResult
from clam_robot.demo.server_process import ServerProcess
from clam_robot.episodes.index import EpisodeIndex
from clam_robot.episodes.recorder import Recorder
from clam_robot.errors import ConfigError
from clam_robot.interfaces import Subscriber
from clam_robot.timing import ManualClock, MonotonicClock
from clam_robot.training.config import Method
from clam_robot.training.parallel import TrainingJob, run_jobs
from clam_robot.training.run import TrainingResult
from clam_robot.training.trainer import Progress
from clam_robot.types import EpisodeOutcome
from policy_server.client import RemotePolicy
from sim.collect import FIRST_SEED, CollectConfig, Collected, Source, complete
from sim.registry import make_robot
from sim.rollouts import run_rollouts
from sim.video import RolloutVideo, film

CONFIG = "demo.json"
# Settings that decide what a demo's folder holds; the others may change from one call to the next.
LASTING = ("robot", "label_sets", "num_labeled", "num_demonstrations", "dynamics_steps", "policy_steps")


class Demo:
    """Where the demo keeps things, and its stages in order: record, train, run.

    Args:
        config: what to do.
        directory: folder of all outputs.
    """

    def __init__(self, config: DemoConfig, directory: Path) -> None:
        self.config = config
        self.directory = directory
        self.play = directory / "play"
        self.demonstrations = directory / "demonstrations"

    def claim(self) -> None:
        """Refuse a folder that another demo has filled.

        Raises:
            ConfigError: names the settings that differ.
        """
        path, wanted = self.directory / CONFIG, schema.to_dict(self.config)
        if path.exists():
            there = schema.to_dict(schema.load(DemoConfig, path))
            different = [
                f"{name} {there[name]} there, {wanted[name]} now" for name in LASTING if there[name] != wanted[name]
            ]
            if different:
                raise ConfigError(
                    f"{self.directory} holds a demo with other settings ({'; '.join(different)}); "
                    "choose another folder with --out, or repeat the settings to go on with it"
                )
        self.directory.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(wanted, indent=1))

    def num_missing(self, source: Source) -> int:
        """How many episodes of play or demonstrations are still to be recorded."""
        return max(0, self._num_wanted(source) - len(EpisodeIndex(self._root(source)).entries()[0]))

    def record(self, source: Source, on_progress: Callable[[Collected], None]) -> None:
        """Record play or demonstrations until there are enough."""
        complete(
            CollectConfig(robot=self.config.robot, source=source),
            self._root(source),
            self._num_wanted(source),
            workers=self.config.workers,
            on_progress=on_progress,
        )

    def _num_wanted(self, source: Source) -> int:
        config = self.config
        return config.num_labeled * config.label_sets if source == "play" else config.num_demonstrations

    def _root(self, source: Source) -> Path:
        return self.play if source == "play" else self.demonstrations

    def train(self, progress: Progress) -> dict[tuple[Method, int], TrainingResult]:
        """Train every method on every label set; results by both."""
        config = self.config
        keys: list[tuple[Method, int]] = [(method, k) for k in range(config.label_sets) for method in config.methods]
        jobs = [
            TrainingJob(
                name=_name(method, k, config.label_sets),
                config=config.training(method, k, self.play, self.demonstrations),
                directory=self.directory / "runs" / f"{method}-{k}",
            )
            for method, k in keys
        ]
        return dict(zip(keys, run_jobs(jobs, progress, workers=config.workers), strict=True))

    def run(
        self,
        method: str,
        label_set: int,
        training: TrainingResult,
        on_outcome: Callable[[list[EpisodeOutcome]], None],
    ) -> RunResult:
        """Serve a trained policy from its own process and drive the robot with it, recorded and filmed."""
        config = self.config
        name = f"{method}-{label_set}"
        recording, video = Path("rollouts") / name, Path("videos") / f"{name}.mp4"
        shutil.rmtree(self.directory / recording, ignore_errors=True)  # of an earlier run
        clock, stopwatch = ManualClock(), MonotonicClock()
        outcomes: list[EpisodeOutcome] = []

        def count(scene: int, outcome: EpisodeOutcome) -> None:
            outcomes.append(outcome)
            on_outcome(outcomes)

        with ExitStack() as stack:
            server = stack.enter_context(ServerProcess(training.checkpoint))
            policy = stack.enter_context(RemotePolicy(server.url))
            robot = make_robot(config.robot, clock)
            robot.connect()
            stack.callback(robot.disconnect)
            recorder = Recorder(self.directory / recording, wait_when_full=True)
            camera = RolloutVideo(
                robot,
                self.directory / video,
                title=method,
                camera=config.camera,
                max_episodes=config.filmed,
            )
            subscribers: list[Subscriber] = [stack.enter_context(recorder), stack.enter_context(film(camera))]
            scenes = range(FIRST_SEED["evaluation"], FIRST_SEED["evaluation"] + config.episodes)
            begin = stopwatch.now()
            run_rollouts(robot, policy, clock, scenes, subscribers=subscribers, on_outcome=count)
            seconds = stopwatch.now() - begin
        rate = SuccessRate.of(outcomes)
        return RunResult(
            method=method,
            label_set=label_set,
            successes=rate.successes,
            num_episodes=rate.num_episodes,
            train_seconds=training.seconds,
            run_seconds=seconds,
            round_trip_ms=tuple(ms for outcome in outcomes for ms in outcome.infer_ms),
            video=str(video),
            recording=str(recording),
        )


def _name(method: str, label_set: int, label_sets: int) -> str:
    return method if label_sets == 1 else f"{method} {label_set}"
