import numpy as np
import pytest

from clam_robot.hardware.aligned_driver import AlignedDriver
from clam_robot.hardware.widowx import WidowX, WidowXConfig
from clam_robot.hardware.wx250s import SLEEP
from clam_robot.testing.fake_driver import FakeDriver
from clam_robot.timing import ManualClock, MonotonicClock

LATENCY = 0.03


def test_its_states_are_stamped_when_they_were_measured() -> None:
    clock = ManualClock(5.0)
    driver = AlignedDriver(FakeDriver(clock), LATENCY)
    driver.connect()
    assert driver.read().time == pytest.approx(5.0 - LATENCY)
    np.testing.assert_array_equal(driver.read().position, SLEEP)


def test_what_an_arm_observes_is_corrected_once() -> None:
    clock = MonotonicClock()
    robot = WidowX(AlignedDriver(FakeDriver(clock), LATENCY), clock, WidowXConfig(self_test=None))
    robot.connect()
    try:
        robot.reset()
        before = clock.now()
        observation = robot.get_observation()
        assert before - LATENCY <= observation.time <= clock.now() - LATENCY
    finally:
        robot.disconnect()
