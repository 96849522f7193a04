"""The driver on the servo bus keeps the contract of joint drivers, against the twin on a pseudo-terminal."""

import pytest

from clam_robot.hardware.dynamixel_driver import DynamixelDriver
from clam_robot.hardware.joint_driver import JointDriver
from clam_robot.testing.joint_driver_contract import JointDriverContract
from clam_robot.timing import MonotonicClock
from tests.clam_robot.hardware.conftest import Bus, on_bus

pytestmark = pytest.mark.xdist_group("dynamixel_driver")


class TestDynamixelDriver(JointDriverContract):
    @pytest.fixture(autouse=True)
    def _port(self, bus: Bus) -> None:
        self.port = bus.port

    def make_driver(self) -> JointDriver:
        return DynamixelDriver(on_bus(self.port), MonotonicClock())
