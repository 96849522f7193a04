"""The arm on its table keeps the contract of a robot, and its tasks can be done."""

import numpy as np
import pytest

from clam_robot.errors import ConfigError, UnknownRobot
from clam_robot.interfaces import Robot
from clam_robot.testing.contracts import RobotContract
from clam_robot.timing import ManualClock
from sim.registry import make_robot
from sim.rollouts import run_rollouts
from sim.sources import make_source
from sim.widowx_robot import WidowXTwin, WidowXTwinConfig
from sim.widowx_tasks import POINTS, TASKS


class TestWidowXTwin(RobotContract):
    def make_robot(self, clock: ManualClock) -> Robot:
        return make_robot("widowx-twin:reach-block", clock)


def _started(task: str = "reach-block", seed: int = 0, **settings: object) -> WidowXTwin:
    robot = WidowXTwin(WidowXTwinConfig(task=task, **settings), ManualClock())
    robot.connect()
    robot.reset(seed)
    return robot


@pytest.mark.parametrize("task", TASKS)
def test_the_expert_does_every_task_and_earns_half_the_credit_on_its_way(task: str) -> None:
    clock = ManualClock()
    robot = make_robot(f"widowx-twin:{task}", clock)
    robot.connect()
    expert = make_source("expert", robot, noise=0.1, seed=0).policy
    outcome = run_rollouts(robot, expert, clock, [5], steps_after_success=0)[0]
    assert outcome.success
    assert outcome.episode_return == 1.0
    robot.disconnect()


@pytest.mark.parametrize("task", TASKS)
def test_points_in_the_state_are_those_of_the_task_and_nothing_is_solved_at_the_start(task: str) -> None:
    robot = _started(task)
    assert tuple(robot.spec.state.points)[1:] == POINTS[task]
    status = robot.task_status()
    assert not status.success and status.episode_return == 0.0
    robot.disconnect()


def test_things_lie_elsewhere_in_every_scene() -> None:
    robot = _started()
    where = robot.spec.state.points["object"]
    places = []
    for seed in range(5):
        robot.reset(seed)
        places.append(robot.get_observation().state[where])
    assert np.std(places, axis=0)[:2].min() > 0.005
    robot.disconnect()


def test_what_is_recorded_is_what_the_arm_made_of_an_action() -> None:
    robot = _started()
    down = np.array([0, 0, -0.025, 0, 0, 0, 1], np.float32)
    executed = [robot.send_action(down) for _ in range(12)]
    np.testing.assert_allclose(executed[0], down, atol=1e-3)
    assert executed[-1][2] > -0.005  # the workspace ends above the table
    robot.disconnect()


def test_holding_brings_the_arm_to_rest_within_200_ms() -> None:
    robot = _started()
    for _ in range(4):
        robot.send_action(np.array([0, 0.025, 0.01, 0, 0, 0, 1], np.float32))
    for _ in range(2):
        robot.hold()
    hand = robot.spec.state.points["hand"]
    before = robot.get_observation().state[hand]
    robot.hold()
    assert np.linalg.norm(robot.get_observation().state[hand] - before) < 0.004
    robot.disconnect()


def test_the_gripper_closes_on_nothing_and_opens_again() -> None:
    robot = _started()
    opening = robot.spec.state.index("gripper_opening")
    for wish, low, high in ((0.0, -0.1, 0.1), (1.0, 0.9, 1.1)):
        for _ in range(20):
            robot.send_action(np.array([0, 0, 0, 0, 0, 0, wish], np.float32))
        assert low < robot.get_observation().state[opening] < high
    robot.disconnect()


def test_the_gripper_begins_where_it_opens_to() -> None:
    robot = _started()
    opening = robot.spec.state.index("gripper_opening")
    begins = robot.get_observation().state[opening]
    for is_open in (0.0, 1.0):
        for _ in range(15):
            robot.send_action(np.array([0, 0, 0, 0, 0, 0, is_open], np.float32))
    assert robot.get_observation().state[opening] == pytest.approx(begins, abs=0.005)
    robot.disconnect()


def test_an_action_takes_hold_some_set_points_after_what_was_seen() -> None:
    went = []
    for delay in (0, 1, 3):
        robot = _started(delay=delay)
        hand = robot.spec.state.points["hand"]
        before = robot.get_observation().state[hand]
        for _ in range(2):
            robot.send_action(np.array([0, 0.02, 0, 0, 0, 0, 1], np.float32))
        went.append(np.linalg.norm(robot.get_observation().state[hand] - before))
        robot.disconnect()
    assert went[0] > 1.2 * went[1] > 1.44 * went[2]
    with pytest.raises(ConfigError, match="delay"):
        WidowXTwinConfig(delay=5)


def test_pictures_come_from_both_cameras() -> None:
    robot = _started(cameras=("over_shoulder", "wrist"), image_height=48, image_width=64)
    images = robot.get_observation().images
    assert {name: image.shape for name, image in images.items()} == {
        "over_shoulder": (48, 64, 3),
        "wrist": (48, 64, 3),
    }
    assert all(image.std() > 5 for image in images.values())
    robot.disconnect()


def test_unknown_tasks_and_cameras_are_refused() -> None:
    with pytest.raises(UnknownRobot, match="reach-block"):
        make_robot("widowx-twin:reach-blok", ManualClock())
    with pytest.raises(UnknownRobot, match="wrist"):
        WidowXTwinConfig(cameras=("corner",))
    with pytest.raises(ConfigError, match="horizon"):
        WidowXTwinConfig(horizon=0)
