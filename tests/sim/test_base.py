"""What simulated robots share, on a world small enough to reason about."""

import numpy as np
import pytest

from clam_robot.errors import NotConnected, RobotError, SimulationDiverged
from clam_robot.specs import RobotSpec, VectorSpec
from clam_robot.timing import ManualClock
from clam_robot.types import TaskStatus
from sim.base import SimulatedRobot
from sim.world import Judgement, World

SPEC = RobotSpec(
    name="sum",
    state=VectorSpec(names=("sum",), units=("1",), low=(-100.0,), high=(100.0,)),
    action=VectorSpec(names=("add",), units=("1",), low=(-1.0,), high=(5.0,)),
    control_hz=10.0,
)


class Sum:
    """Adds up actions; solved above 2, over above 3, not a number above 4."""

    model = data = None

    def __init__(self) -> None:
        self.total = 0.0
        self.seeds: list[int] = []

    def reset(self, seed: int) -> None:
        self.total = 0.0
        self.seeds.append(seed)

    def state(self) -> np.ndarray:
        return np.array([np.nan if self.total > 4 else self.total], np.float32)

    def step(self, action: np.ndarray) -> Judgement:
        self.total += float(action[0])
        return Judgement(reward=10.0, success=self.total > 2, is_over=self.total > 3)


class SumRobot(SimulatedRobot):
    def __init__(self, horizon: int = 5) -> None:
        super().__init__(ManualClock(start=3.0), horizon=horizon)
        self.world = Sum()

    @property
    def task(self) -> str:
        return "add up"

    def _describe(self) -> RobotSpec:
        return SPEC

    def _open_world(self) -> World:
        return self.world

    def _canonical(self, action: np.ndarray) -> np.ndarray:
        return action

    def _resting_action(self) -> np.ndarray:
        return np.zeros(1, np.float32)


def _started(horizon: int = 5) -> SumRobot:
    robot = SumRobot(horizon)
    robot.connect()
    robot.reset(0)
    return robot


def _add(robot: SumRobot, number: float) -> float:
    return float(robot.send_action(np.array([number], np.float32))[0])


def test_status_adds_rewards_and_reports_success_of_this_moment() -> None:
    robot = _started()
    _add(robot, 2.5)
    assert robot.task_status() == TaskStatus(success=True, episode_return=10.0, num_steps=1, is_over=False)
    _add(robot, -1.0)
    assert robot.task_status() == TaskStatus(success=False, episode_return=20.0, num_steps=2, is_over=False)


def test_actions_past_the_horizon_are_refused_with_the_remedy() -> None:
    robot = _started(horizon=2)
    _add(robot, 0.0)
    robot.hold()
    assert robot.task_status().is_over
    with pytest.raises(RobotError, match=r"over after 2 steps; call reset\(\)"):
        _add(robot, 1.0)
    assert robot.world.total == 0.0


def test_holding_past_the_horizon_does_nothing() -> None:
    robot = _started(horizon=1)
    robot.hold()
    robot.hold()
    assert robot.task_status().num_steps == 1


def test_world_may_end_the_episode_before_the_horizon() -> None:
    robot = _started()
    _add(robot, 3.5)
    assert robot.task_status().is_over


def test_reset_begins_anew_after_the_end() -> None:
    robot = _started(horizon=1)
    robot.hold()
    robot.reset(1)
    assert not robot.task_status().is_over
    assert _add(robot, 1.0) == 1.0


def test_actions_are_clipped_before_they_are_executed_and_returned() -> None:
    robot = _started()
    assert _add(robot, -7.0) == -1.0
    assert robot.world.total == -1.0


def test_numbers_that_leave_the_finite_are_an_error_that_names_the_robot() -> None:
    robot = _started()
    with pytest.raises(SimulationDiverged, match=r"sum: .* step 1"):
        _add(robot, 5.0)


def test_scenes_without_a_seed_differ() -> None:
    robot = _started()
    robot.reset()
    robot.reset()
    assert len(set(robot.world.seeds)) == 3


def test_time_is_the_clocks_and_stands_still_while_simulating() -> None:
    robot = _started()
    _add(robot, 1.0)
    robot.hold()
    assert robot.get_observation().time == 3.0


def test_status_and_pictures_need_a_scene() -> None:
    robot = SumRobot()
    robot.connect()
    with pytest.raises(NotConnected, match="reset"):
        robot.task_status()
    with pytest.raises(NotConnected, match="reset"):
        robot.render("any", 8, 8)
