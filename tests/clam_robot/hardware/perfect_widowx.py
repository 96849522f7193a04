"""A WidowX over perfect joints, moved quickly."""

import numpy as np

from clam_robot.hardware.arm_controller import ArmConfig
from clam_robot.hardware.sag import SagConfig
from clam_robot.hardware.widowx import WidowX, WidowXConfig
from clam_robot.testing.fake_driver import FakeDriver
from clam_robot.timing import MonotonicClock

FORWARD = np.array([0.02, 0, 0, 0, 0, 0, 0], np.float32)
# Joints that nothing bends.
ARM = ArmConfig(sag=SagConfig(stiffness=(1e6,) * 6))
SETUP = WidowXConfig(arm=ARM, velocity=1.0, self_test=None, park_after=None)


def make(driver: FakeDriver | None = None, setup: WidowXConfig = SETUP) -> tuple[WidowX, FakeDriver]:
    clock = MonotonicClock()
    driver = driver or FakeDriver(clock)
    return WidowX(driver, clock, setup), driver
