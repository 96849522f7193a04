"""The driver on the servo bus keeps the contract of joint drivers, against the twin on a pseudo-terminal."""

import math

import pytest

from clam_robot.errors import ConfigError
from clam_robot.hardware.dynamixel_driver import DynamixelConfig, DynamixelDriver
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


@pytest.mark.parametrize("wrong", [{"hz": 0.0}, {"hz": -5.0}, {"hz": math.nan}, {"reply_timeout": math.nan}])
def test_rates_and_times_that_make_no_sense_are_named(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match=f"{next(iter(wrong))}: expected"):
        DynamixelConfig(**wrong)  # type: ignore[arg-type]
