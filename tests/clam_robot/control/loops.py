"""Loops over fakes, and what they are made of."""

from collections.abc import Callable

import numpy as np

from clam_robot.control.loop import ControlLoop, LoopConfig
from clam_robot.specs import RobotSpec
from clam_robot.testing.fakes import FakePolicy, FakeRobot, FakeSubscriber, fake_spec
from clam_robot.timing import ManualClock
from clam_robot.types import ActionChunk, EpisodeOutcome, EpisodeStart, Observation, Step

PERIOD = 0.1


SPEC = fake_spec()


class CountingPolicy:
    """Answers the n-th observation with rows that tell where they come from: row k is (n / 100, k / 100, 0)."""

    def __init__(self, *, num_rows: int = 1, work: Callable[[int], None] | None = None) -> None:
        self.spec = SPEC
        self.num_resets = 0
        self.asked: list[Observation] = []
        self.answer_time: Callable[[Observation], float] = lambda observation: observation.time
        self._num_rows = num_rows
        self._work = work or (lambda _: None)

    def reset(self) -> None:
        self.num_resets += 1

    def infer(self, observation: Observation) -> ActionChunk:
        number = len(self.asked)
        self.asked.append(observation)
        self._work(number)
        actions = np.zeros((self._num_rows, 3), np.float32)
        actions[:, 0] = number / 100
        actions[:, 1] = np.arange(self._num_rows) / 100
        return ActionChunk(actions=actions, observation_time=self.answer_time(observation), dt=PERIOD)


class BlindRobot:
    """A robot that does not judge its task, as a real arm."""

    def __init__(self, robot: FakeRobot) -> None:
        self.spec = robot.spec
        self.reset = robot.reset
        self.get_observation = robot.get_observation
        self.send_action = robot.send_action
        self.hold = robot.hold
        self.connect = robot.connect
        self.disconnect = robot.disconnect


class WeakRobot(FakeRobot):
    """Reaches only half of what it is sent."""

    def send_action(self, action: np.ndarray) -> np.ndarray:
        return super().send_action(action / 2)


def connected(robot: FakeRobot) -> FakeRobot:
    robot.connect()
    return robot


def start(seed: int = 0, spec: RobotSpec = SPEC) -> EpisodeStart:
    return EpisodeStart(spec=spec, task="reach the goal", source="test", seed=seed)


def rest(_: np.ndarray) -> np.ndarray:
    return np.zeros(3)


def origins(steps: list[Step]) -> list[tuple[int, int] | None]:
    """Which answer of a `CountingPolicy`, and which of its rows, each step asked for."""
    return [
        None if step.requested is None else (round(step.requested[0] * 100), round(step.requested[1] * 100))
        for step in steps
    ]


def run(
    policy: CountingPolicy | FakePolicy, clock: ManualClock, *, horizon: int = 8, **loop: int
) -> tuple[EpisodeOutcome, list[Step]]:
    """One episode on a robot of this horizon: its outcome, and its steps without the closing one."""
    seen = FakeSubscriber()
    robot = connected(FakeRobot(clock, horizon=horizon))
    outcome = ControlLoop(robot, policy, clock=clock, subscribers=[seen], config=LoopConfig(**loop)).run_episode(
        start()
    )
    return outcome, seen.steps[:-1]
