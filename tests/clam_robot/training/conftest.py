"""Small data sets of the fake reaching robot, recorded by the real loop, and training runs small enough for tests."""

import itertools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from clam_robot.control.loop import ControlLoop, LoopConfig
from clam_robot.episodes.recorder import Recorder
from clam_robot.interfaces import Policy
from clam_robot.models.latent_action_model import LatentActionConfig
from clam_robot.models.latent_policy import PolicyConfig
from clam_robot.specs import RobotSpec
from clam_robot.testing.fakes import FakePolicy, FakeRobot
from clam_robot.timing import ManualClock
from clam_robot.training.config import TrainConfig
from clam_robot.training.parallel import TrainingJob, run_jobs
from clam_robot.training.run import TrainingResult
from clam_robot.training.trainer import OptimizerConfig
from clam_robot.types import EpisodeOutcome, EpisodeStart

NUM_PLAY, NUM_DEMONSTRATIONS, HORIZON = 8, 6, 12
# Long enough for the expert to reach any goal.
ENOUGH = 30


def demonstrate(scene: int, spec: RobotSpec) -> Policy:
    """Goes to the goal."""
    return FakePolicy(spec)


def play(scene: int, spec: RobotSpec) -> Policy:
    """Acts at random, the same way whenever the scene comes back."""
    rng = np.random.default_rng([7, scene])
    return FakePolicy(spec, act=lambda state: rng.uniform(-1, 1, 3))


def half_asleep(scene: int, spec: RobotSpec) -> Policy:
    """Acts at random in every second period; in the others there is nothing to send."""
    rng, calls = np.random.default_rng([7, scene]), itertools.count()
    return FakePolicy(spec, act=lambda state: rng.uniform(-1, 1, 3) if next(calls) % 2 else np.full(3, np.nan))


def _record(
    root: Path,
    scenes: Iterable[int],
    policy: Callable[[int, RobotSpec], Policy] = demonstrate,
    *,
    robot: Callable[..., FakeRobot] = FakeRobot,
    spec: RobotSpec | None = None,
    horizon: int = HORIZON,
    is_labeled: bool = True,
    has_seed: bool = True,
) -> Path:
    clock = ManualClock()
    arm = robot(clock, spec, horizon=horizon)
    arm.connect()
    with Recorder(root, durable=False, wait_when_full=True) as recorder:
        for scene in scenes:
            loop = ControlLoop(arm, policy(scene, arm.spec), clock=clock, subscribers=[recorder])
            loop.run_episode(
                EpisodeStart(
                    spec=arm.spec, task=arm.task, source="test", seed=scene if has_seed else None, is_labeled=is_labeled
                )
            )
    return root


def _rollout(policy: Policy, scenes: Iterable[int]) -> list[EpisodeOutcome]:
    clock = ManualClock()
    robot = FakeRobot(clock, horizon=ENOUGH)
    robot.connect()
    loop = ControlLoop(robot, policy, clock=clock, config=LoopConfig(stop_after_success=0))
    return [
        loop.run_episode(EpisodeStart(spec=robot.spec, task=robot.task, source="policy", seed=scene))
        for scene in scenes
    ]


@dataclass(frozen=True, kw_only=True)
class Datasets:
    """Labelled play and demonstrations without labels."""

    play: Path
    demonstrations: Path


@dataclass
class Heard:
    """Progress that remembers, and may interrupt.

    Attributes:
        interrupt_at: (stage, step) at which to raise KeyboardInterrupt.
        updates: every (stage, step, total) told.
    """

    interrupt_at: tuple[str, int] | None = None
    updates: list[tuple[str, int, int]] = field(default_factory=list)
    logs: list[dict[str, float]] = field(default_factory=list)

    def update(self, stage: str, step: int, total: int, logs: Mapping[str, float]) -> None:
        self.updates.append((stage, step, total))
        self.logs.append(dict(logs))
        if (stage, step) == self.interrupt_at:
            raise KeyboardInterrupt


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """As in a training run: networks this small lose more by waiting for a second thread than it gives."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def datasets(tmp_path_factory: pytest.TempPathFactory) -> Datasets:
    """Read by many tests; who changes something records its own."""
    root = tmp_path_factory.mktemp("datasets")
    return Datasets(
        play=_record(root / "play", range(NUM_PLAY), play),
        demonstrations=_record(root / "demonstrations", range(100, 100 + NUM_DEMONSTRATIONS), is_labeled=False),
    )


@pytest.fixture(scope="session")
def record() -> Callable[..., Path]:
    """Record one episode per scene into a folder; returns the folder."""
    return _record


@pytest.fixture(scope="session")
def rollout() -> Callable[..., list[EpisodeOutcome]]:
    """Run a policy in every scene."""
    return _rollout


@dataclass(frozen=True, kw_only=True)
class Trained:
    """What two processes left of three runs.

    Attributes:
        jobs: what was to be done: CLAM and behaviour cloning of play, enough of both to learn to reach, and `tiny`.
        results: in the order of the jobs.
        heard: what was reported meanwhile.
    """

    jobs: list[TrainingJob]
    results: list[TrainingResult]
    heard: Heard


@pytest.fixture(scope="session")
def trained(datasets: Datasets, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """The only training that is long enough to learn something; made once, without checks at run time."""
    root = tmp_path_factory.mktemp("trained")
    reach = {
        "play": _record(root / "play", range(10), play, horizon=ENOUGH),
        "demonstrations": _record(root / "demonstrations", range(100, 120), horizon=ENOUGH, is_labeled=False),
        "num_labeled": 10,
        "batch_size": 64,
        "latent": LatentActionConfig(latent_dim=4, hidden=32, dropout=0.1),
        "policy": PolicyConfig(hidden=32),
        "dynamics_optimizer": OptimizerConfig(num_steps=600, learning_rate=3e-3),
        "policy_optimizer": OptimizerConfig(num_steps=250, learning_rate=3e-3),
    }
    configs = {
        "clam": TrainConfig(method="clam", **reach),
        "bc-play": TrainConfig(method="bc-play", **reach),
        "tiny": _tiny(datasets),
    }
    jobs = [TrainingJob(name=name, config=config, directory=root / name) for name, config in configs.items()]
    heard = Heard()
    return Trained(jobs=jobs, results=run_jobs(jobs, heard, workers=2), heard=heard)


def _tiny(datasets: Datasets, num_steps: int = 12, **changes: Any) -> TrainConfig:  # noqa: ANN401
    settings = {
        "play": datasets.play,
        "demonstrations": datasets.demonstrations,
        "num_labeled": 4,
        "batch_size": 8,
        "save_every": 5,
        "latent": LatentActionConfig(latent_dim=4, hidden=8),
        "policy": PolicyConfig(hidden=8),
        "dynamics_optimizer": OptimizerConfig(num_steps=num_steps),
        "policy_optimizer": OptimizerConfig(num_steps=num_steps),
        "tuning_optimizer": OptimizerConfig(num_steps=num_steps),
    }
    return TrainConfig(**{**settings, **changes})


@pytest.fixture(scope="session")
def tiny(datasets: Datasets) -> Callable[..., TrainConfig]:
    """A run of a few updates, of CLAM unless told otherwise."""
    return partial(_tiny, datasets)
