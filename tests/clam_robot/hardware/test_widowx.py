"""The WidowX over perfect joints: its life from connecting to letting go, and what it refuses."""

import re
import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from clam_robot.errors import ArmStopped, ConfigError, InvalidVector, NotConnected, RobotError
from clam_robot.hardware.joint_driver import JointState
from clam_robot.hardware.kinematics import tool_pose
from clam_robot.hardware.widowx import START, WidowX, WidowXConfig
from clam_robot.hardware.widowx_spec import ActionConfig
from clam_robot.hardware.wx250s import SLEEP
from clam_robot.interfaces import TaskRobot
from clam_robot.testing.fake_driver import FakeDriver
from clam_robot.timing import MonotonicClock
from tests.clam_robot.hardware.perfect_widowx import FORWARD, SETUP, make


@pytest.fixture
def arm() -> Iterator[tuple[WidowX, FakeDriver]]:
    robot, driver = make()
    robot.connect()
    yield robot, driver
    robot.disconnect()


class LaggingDriver(FakeDriver):
    """Joints get to their goals a while after they were told."""

    lag = 0.3  # [s]
    short = 0.0  # what the elbow stays short of its goal by [rad]

    def __init__(self, clock: MonotonicClock) -> None:
        super().__init__(clock)
        self._where, self._when = np.array(SLEEP), clock.now()

    def read(self) -> JointState:
        state = super().read()
        share = 1.0 - np.exp((self._when - state.time) / self.lag)
        self._where, self._when = self._where + share * (state.position - self._where), state.time
        shift = np.zeros(6)
        shift[2] = self.short
        return replace(state, position=self._where - shift)


def test_it_is_a_robot_whose_spec_is_known_before_connecting() -> None:
    robot, driver = make()
    assert isinstance(robot, TaskRobot)
    assert robot.spec.action.names == ("dx", "dy", "dz", "droll", "dpitch", "dyaw", "gripper")
    assert robot.spec.control_hz == 10.0
    assert driver.goals == []


def test_use_before_connecting_and_after_disconnecting_is_refused() -> None:
    robot, _ = make()
    robot.disconnect()
    for use in (robot.reset, robot.get_observation, robot.hold, lambda: robot.send_action(FORWARD)):
        with pytest.raises(NotConnected, match="connect"):
            use()
    robot.connect()
    robot.connect()
    with pytest.raises(NotConnected, match="reset"):
        robot.get_observation()
    with pytest.raises(NotConnected, match="reset"):
        robot.send_action(FORWARD)
    robot.disconnect()
    with pytest.raises(NotConnected, match="connect"):
        robot.hold()


def test_connecting_moves_nothing_and_disconnecting_keeps_the_torque() -> None:
    robot, driver = make()
    robot.connect()
    robot.disconnect()
    for goal in driver.goals:
        np.testing.assert_allclose(goal, SLEEP, atol=1e-4)
    assert driver.is_torque_on


def test_a_reset_brings_the_hand_to_the_start_and_actions_move_it_from_there(arm: tuple[WidowX, FakeDriver]) -> None:
    robot, driver = arm
    robot.reset()
    observation = robot.get_observation()
    observation.validate(robot.spec)
    np.testing.assert_allclose(observation.state[:6], START, atol=0.02)
    hand = robot.spec.state.points["hand"]
    np.testing.assert_allclose(observation.state[hand], tool_pose(np.array(START)).translation, atol=0.01)
    sent = robot.send_action(FORWARD * 100)
    assert sent[0] == pytest.approx(robot.spec.action.high_array[0], abs=1e-3)
    assert driver.profile == SETUP.profile_velocity


def test_an_episode_begins_when_the_joints_are_at_the_start_and_not_only_their_set_points() -> None:
    robot, _ = make(LaggingDriver(MonotonicClock()), replace(SETUP, velocity=0.5))
    robot.connect()
    robot.reset()
    np.testing.assert_allclose(robot.get_observation().state[:6], START, atol=0.005)
    robot.disconnect()


def test_a_joint_that_stays_short_of_the_start_is_told_of(caplog: pytest.LogCaptureFixture) -> None:
    driver = LaggingDriver(MonotonicClock())
    driver.short = 0.06  # more than is made up for
    robot, _ = make(driver)
    robot.connect()
    robot.reset()
    assert re.search(r"elbow stays 0\.0\d\d rad from the start", caplog.text)
    robot.disconnect()


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_actions_that_are_not_finite_are_refused_and_move_nothing(arm: tuple[WidowX, FakeDriver], value: float) -> None:
    robot, driver = arm
    robot.reset()
    with pytest.raises(InvalidVector):
        robot.send_action(np.array([value, 0, 0, 0, 0, 0, 0], np.float32))
    np.testing.assert_allclose(driver.goals[-1], START, atol=0.02)


def test_a_stopped_arm_refuses_everything_that_moves_until_it_is_cleared(arm: tuple[WidowX, FakeDriver]) -> None:
    robot, _ = arm
    robot.reset()
    robot.latch.stop()
    for move in (lambda: robot.send_action(FORWARD), robot.reset, robot.park):
        with pytest.raises(ArmStopped, match="clear the stop"):
            move()
    robot.get_observation()
    robot.hold()
    robot.latch.clear()
    robot.reset()
    robot.send_action(FORWARD)


def test_a_stop_that_is_cleared_between_two_actions_is_noticed_all_the_same(arm: tuple[WidowX, FakeDriver]) -> None:
    robot, _ = arm
    robot.reset()
    robot.send_action(FORWARD)
    robot.latch.stop(detail="a key was pressed")
    robot.latch.clear()
    with pytest.raises(ArmStopped, match=r"\(a key was pressed\) and the stop was cleared; begin anew"):
        robot.send_action(FORWARD)
    robot.reset()
    robot.send_action(FORWARD)


def test_after_a_stop_it_stays_where_it_is_until_it_is_reset(arm: tuple[WidowX, FakeDriver]) -> None:
    robot, driver = arm
    robot.reset()
    robot.latch.stop()
    driver.profile = 0
    with pytest.raises(ArmStopped, match="clear the stop"):
        robot.recover()
    robot.latch.clear()
    robot.recover()
    assert robot.latch.cause is None and driver.profile == SETUP.profile_velocity
    with pytest.raises(NotConnected, match="reset"):
        robot.send_action(FORWARD)
    np.testing.assert_allclose(driver.goals[-1], START, atol=0.02)
    robot.reset()
    robot.send_action(FORWARD)


def test_a_driver_that_refuses_ends_a_way_at_once() -> None:
    robot, driver = make(setup=replace(SETUP, velocity=0.05))
    robot.connect()
    threading.Timer(0.3, setattr, (driver, "is_broken", True)).start()
    begin = time.monotonic()
    try:
        with pytest.raises(ArmStopped, match="the fake bus is broken"):
            robot.reset()
        assert time.monotonic() - begin < 3.0
    finally:
        robot.disconnect()


def test_it_goes_to_a_pose_and_stays_where_it_is_before_a_blocked_one(arm: tuple[WidowX, FakeDriver]) -> None:
    robot, driver = arm
    robot.reset()
    there = np.array([0.3, -0.4, 0.4, 0.1, 1.2, 0.2])
    robot.go_to(there)
    np.testing.assert_allclose(driver.read().position, there, atol=0.02)
    with pytest.raises(RobotError, match="the way is blocked"):
        robot.go_to(np.array([0.3, 1.4, 0.4, 0.1, 1.2, 0.2]))
    np.testing.assert_allclose(driver.read().position, there, atol=0.02)
    assert robot.latch.cause is None


def test_parking_brings_it_to_its_rest_with_torque(arm: tuple[WidowX, FakeDriver]) -> None:
    robot, driver = arm
    robot.reset()
    robot.park()
    np.testing.assert_allclose(driver.read().position, SLEEP, atol=0.02)
    assert driver.is_torque_on


def test_settings_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ConfigError, match="start"):
        WidowXConfig(start=(9.0,) * 6)
    with pytest.raises(ConfigError, match="unlimited"):
        WidowXConfig(profile_velocity=0)
    with pytest.raises(ConfigError, match="hz"):
        ActionConfig(hz=50.0)
    with pytest.raises(ConfigError, match="joint"):
        ActionConfig(joint=1.0)
