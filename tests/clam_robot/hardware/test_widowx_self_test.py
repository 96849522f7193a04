"""The self-test of a WidowX over perfect joints."""

from dataclasses import replace

import numpy as np
import pytest

from clam_robot.errors import (
    SelfTestFailed,
)
from clam_robot.hardware.joint_driver import JointState, ServoStatus
from clam_robot.hardware.self_test import SelfTestConfig, check_registers
from clam_robot.hardware.widowx import START
from clam_robot.testing.fake_driver import FakeDriver
from clam_robot.timing import MonotonicClock
from tests.clam_robot.hardware.perfect_widowx import SETUP, make


class MirroredDriver(FakeDriver):
    """One joint counts the wrong way round."""

    def read(self) -> JointState:
        state = super().read()
        mirrored = state.position.copy()
        mirrored[4] = 2 * START[4] - mirrored[4]
        return replace(state, position=mirrored)


class OtherServoDriver(FakeDriver):
    """One servo is of another model."""

    def servos(self) -> tuple[ServoStatus, ...]:
        return tuple(replace(each, model=1) if each.name == "elbow" else each for each in super().servos())


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
