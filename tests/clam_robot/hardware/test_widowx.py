"""The WidowX over perfect joints: its life from connecting to letting go, and what it refuses."""

import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest

from clam_robot.errors import (
    ArmStopped,
    ConfigError,
    DriverError,
    InvalidVector,
    NotConnected,
    RobotError,
    SelfTestFailed,
)
from clam_robot.hardware.arm_controller import ArmConfig
from clam_robot.hardware.control_table import HardwareError
from clam_robot.hardware.joint_driver import JointState, ServoStatus
from clam_robot.hardware.kinematics import tool_pose
from clam_robot.hardware.sag import SagConfig
from clam_robot.hardware.self_test import SelfTestConfig, check_registers
from clam_robot.hardware.widowx import START, WidowX, WidowXConfig
from clam_robot.hardware.widowx_spec import ActionConfig
from clam_robot.hardware.wx250s import SLEEP
from clam_robot.interfaces import TaskRobot
from clam_robot.testing.fake_driver import FakeDriver
from clam_robot.timing import MonotonicClock

FORWARD = np.array([0.02, 0, 0, 0, 0, 0, 0], np.float32)
# Joints that nothing bends, moved quickly.
ARM = ArmConfig(sag=SagConfig(stiffness=(1e6,) * 6))
SETUP = WidowXConfig(arm=ARM, velocity=1.0, self_test=None, park_after=None)


def make(driver: FakeDriver | None = None, setup: WidowXConfig = SETUP) -> tuple[WidowX, FakeDriver]:
    clock = MonotonicClock()
    driver = driver or FakeDriver(clock)
    return WidowX(driver, clock, setup), driver


@pytest.fixture
def arm() -> Iterator[tuple[WidowX, FakeDriver]]:
    robot, driver = make()
    robot.connect()
    yield robot, driver
    robot.disconnect()


class MirroredDriver(FakeDriver):
    """One joint counts the wrong way round."""

    def read(self) -> JointState:
        state = super().read()
        mirrored = state.position.copy()
        mirrored[4] = 2 * START[4] - mirrored[4]
        return replace(state, position=mirrored)


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


class OtherServoDriver(FakeDriver):
    """One servo is of another model."""

    def servos(self) -> tuple[ServoStatus, ...]:
        return tuple(replace(each, model=1) if each.name == "elbow" else each for each in super().servos())


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


def test_a_servo_still_in_error_stays_stopped(arm: tuple[WidowX, FakeDriver]) -> None:
    robot, driver = arm
    driver.errors["elbow"] = HardwareError.OVERLOAD
    with pytest.raises(ArmStopped, match="elbow reports OVERLOAD"):
        robot.recover()
    assert robot.latch.cause is not None


class UnpreparedDriver(FakeDriver):
    """Cannot be prepared."""

    is_able = False

    def prepare(self, *, profile_velocity: int, profile_acceleration: int) -> None:
        if not self.is_able:
            raise DriverError("no torque")
        super().prepare(profile_velocity=profile_velocity, profile_acceleration=profile_acceleration)


def test_servos_that_cannot_be_prepared_anew_leave_it_stopped_for_another_try() -> None:
    driver = UnpreparedDriver(MonotonicClock())
    driver.is_able = True
    robot, _ = make(driver)
    robot.connect()
    driver.is_able = False
    with pytest.raises(DriverError, match="no torque"):
        robot.recover()
    assert str(robot.latch.cause) == "driver: no torque"
    driver.is_able = True
    robot.latch.clear()
    robot.recover()
    assert robot.latch.cause is None
    robot.disconnect()


def test_what_cannot_be_connected_is_let_go_of() -> None:
    robot, driver = make(UnpreparedDriver(MonotonicClock()))
    with pytest.raises(DriverError, match="no torque"):
        robot.connect()
    with pytest.raises(NotConnected):
        driver.read()
    robot.disconnect()


class BusyDriver(FakeDriver):
    """Refuses commands while it is prepared, as real ones do; `meanwhile` happens then."""

    def __init__(self, clock: MonotonicClock) -> None:
        super().__init__(clock)
        self.meanwhile: Callable[[], None] = lambda: None

    def prepare(self, *, profile_velocity: int, profile_acceleration: int) -> None:
        self.is_broken = True
        time.sleep(0.1)  # several periods of the servo thread
        self.meanwhile()
        self.is_broken = False
        super().prepare(profile_velocity=profile_velocity, profile_acceleration=profile_acceleration)


@pytest.mark.parametrize("is_stopped_again", [False, True])
def test_a_stop_while_it_recovers_is_not_forgotten(is_stopped_again: bool) -> None:
    driver = BusyDriver(MonotonicClock())
    robot, _ = make(driver)
    robot.connect()
    if is_stopped_again:
        driver.meanwhile = robot.latch.stop
        with pytest.raises(ArmStopped, match="asked for by a person"):
            robot.recover()
    else:
        robot.recover()
    assert (robot.latch.cause is not None) == is_stopped_again
    robot.disconnect()


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


class SlowlyPreparedDriver(FakeDriver):
    """Another profile is in its registers while it is prepared, as after a restart of the node."""

    def prepare(self, *, profile_velocity: int, profile_acceleration: int) -> None:
        super().prepare(profile_velocity=2000, profile_acceleration=profile_acceleration)
        time.sleep(1.0)  # longer than the health watch's period
        super().prepare(profile_velocity=profile_velocity, profile_acceleration=profile_acceleration)


def test_registers_are_not_judged_while_they_are_prepared() -> None:
    robot, _ = make(SlowlyPreparedDriver(MonotonicClock()))
    robot.connect()
    try:
        robot.recover()
        assert robot.latch.cause is None
    finally:
        robot.disconnect()


class SlowlyReadDriver(FakeDriver):
    """Tells what its registers held when it was asked, and that takes its time."""

    def __init__(self, clock: MonotonicClock) -> None:
        super().__init__(clock)
        self.is_asked = threading.Event()
        self.may_answer = threading.Event()
        self.may_answer.set()

    def servos(self) -> tuple[ServoStatus, ...]:
        found = super().servos()
        self.is_asked.set()
        assert self.may_answer.wait(10.0)
        return found


def test_what_was_read_before_a_stop_was_cleared_stops_nothing_afterwards() -> None:
    driver = SlowlyReadDriver(MonotonicClock())
    robot, _ = make(driver)
    robot.connect()
    try:
        robot.latch.stop()
        driver.profile = 2000
        driver.may_answer.clear()
        driver.is_asked.clear()
        assert driver.is_asked.wait(10.0)
        robot.latch.clear()
        threading.Timer(0.1, driver.may_answer.set).start()
        robot.recover()
        assert robot.latch.cause is None
    finally:
        driver.may_answer.set()
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


def test_servos_in_error_are_not_driven() -> None:
    clock = MonotonicClock()
    driver = FakeDriver(clock)
    driver.errors["shoulder"] = HardwareError.OVERLOAD
    robot = WidowX(driver, clock, SETUP)
    with pytest.raises(ArmStopped, match="shoulder reports OVERLOAD"):
        robot.connect()


def test_the_self_test_passes_an_arm_that_moves_as_it_should() -> None:
    robot, driver = make(setup=replace(SETUP, self_test=SelfTestConfig()))
    robot.connect()
    try:
        robot.reset()
        np.testing.assert_allclose(driver.read().position, START, atol=0.02)
    finally:
        robot.disconnect()


def test_the_self_test_refuses_another_servo_and_names_it() -> None:
    robot, _ = make(OtherServoDriver(MonotonicClock()), replace(SETUP, self_test=SelfTestConfig()))
    with pytest.raises(SelfTestFailed, match=r"elbow: expected model 1020 \(XM430-W350\), found 1"):
        robot.connect()


def test_the_self_test_names_limits_that_are_others() -> None:
    driver = FakeDriver(MonotonicClock())
    driver.connect()
    wide = tuple(replace(each, high=1.0) if each.name == "shoulder" else each for each in driver.servos())
    with pytest.raises(SelfTestFailed, match=r"shoulder: expected upper limit 1.99 rad, found 1.00"):
        check_registers(wide, SelfTestConfig())


def test_the_self_test_finds_a_joint_that_counts_the_wrong_way_and_stops_the_arm() -> None:
    start = replace(SETUP, self_test=SelfTestConfig())
    robot, _ = make(MirroredDriver(MonotonicClock(), START), start)
    robot.connect()
    try:
        with pytest.raises(SelfTestFailed, match=r"d\w+: asked for"):
            robot.reset()
        assert robot.latch.cause is not None
    finally:
        robot.disconnect()


def test_settings_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ConfigError, match="start"):
        WidowXConfig(start=(9.0,) * 6)
    with pytest.raises(ConfigError, match="unlimited"):
        WidowXConfig(profile_velocity=0)
    with pytest.raises(ConfigError, match="hz"):
        ActionConfig(hz=50.0)
    with pytest.raises(ConfigError, match="joint"):
        ActionConfig(joint=1.0)
