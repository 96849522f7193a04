"""The WidowX over perfect joints: servos in error, and what a recovery must not forget."""

import threading
import time
from collections.abc import Callable

import pytest

from clam_robot.errors import ArmStopped, DriverError, NotConnected
from clam_robot.hardware.control_table import HardwareError
from clam_robot.hardware.joint_driver import ServoStatus
from clam_robot.hardware.widowx import WidowX
from clam_robot.testing.fake_driver import FakeDriver
from clam_robot.timing import MonotonicClock
from tests.clam_robot.hardware.perfect_widowx import SETUP, make


def test_a_servo_still_in_error_stays_stopped() -> None:
    robot, driver = make()
    robot.connect()
    try:
        driver.errors["elbow"] = HardwareError.OVERLOAD
        with pytest.raises(ArmStopped, match="elbow reports OVERLOAD"):
            robot.recover()
        assert robot.latch.cause is not None
    finally:
        robot.disconnect()


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


def test_servos_in_error_are_not_driven() -> None:
    clock = MonotonicClock()
    driver = FakeDriver(clock)
    driver.errors["shoulder"] = HardwareError.OVERLOAD
    robot = WidowX(driver, clock, SETUP)
    with pytest.raises(ArmStopped, match="shoulder reports OVERLOAD"):
        robot.connect()
