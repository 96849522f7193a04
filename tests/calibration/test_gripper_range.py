import pytest

from calibration.gripper_range import GripperRangeConfig, find_gripper_range
from clam_robot.cli.calibrate_gripper import spread_in_words
from clam_robot.errors import CalibrationError, StaleObservation
from clam_robot.hardware.driver_layer import DriverLayer
from clam_robot.hardware.joint_driver import JointState
from clam_robot.hardware.wx250s import FINGER_CLOSED, FINGER_OPEN
from clam_robot.timing import ManualClock
from sim.widowx.arm_physics import ArmPhysics
from sim.widowx.simulated_driver import SimulatedDriver
from tests.type_checks import unchecked


def test_a_spread_that_is_too_small_to_print_is_no_zero() -> None:
    assert spread_in_words(1.2e-4) == "± 0.12"
    assert spread_in_words(2e-7) == "the same each time to a hundredth of a millimetre"


class Listening(DriverLayer):
    """Keeps the efforts, may turn them round or take them away, and may say nothing at times: in so many of 50."""

    def __init__(self, driver: SimulatedDriver, factor: float) -> None:
        super().__init__(driver)
        self.efforts: list[float] = []
        self.num_read = self.num_stale = 0
        self._factor = factor

    def read(self) -> JointState:
        self.num_read += 1
        if self.num_read % 50 < self.num_stale:
            raise StaleObservation("the bus is silent")
        return super().read()

    def command_gripper(self, effort: float) -> None:
        self.efforts.append(effort)
        super().command_gripper(self._factor * effort)


def make(factor: float = 1.0) -> tuple[Listening, ManualClock]:
    clock = ManualClock()
    driver = Listening(SimulatedDriver(ArmPhysics(), clock), factor)
    driver.connect()
    driver.prepare(profile_velocity=200, profile_acceleration=60)
    return driver, clock


def test_fingers_are_driven_to_both_stops_and_never_hard() -> None:
    driver, clock = make()
    told: list[str] = []
    with unchecked():
        found = find_gripper_range(driver, clock, tell=lambda way, finger: told.append(way))
    assert found.closed == pytest.approx(FINGER_CLOSED, abs=1e-3)
    assert found.opened == pytest.approx(FINGER_OPEN, abs=1e-3)
    assert found.sigma < 5e-4
    assert max(abs(each) for each in driver.efforts) <= GripperRangeConfig().effort
    assert driver.efforts[-1] == 0.0
    assert told == ["closed", "opened"] * 3


def test_moments_without_a_state_are_waited_for_and_silence_is_not() -> None:
    driver, clock = make()
    driver.num_stale = 5
    with unchecked():
        found = find_gripper_range(driver, clock, GripperRangeConfig(times=1))
        assert (found.closed, found.opened) == pytest.approx((FINGER_CLOSED, FINGER_OPEN), abs=1e-3)
        driver.num_stale = 50
        with pytest.raises(StaleObservation):
            find_gripper_range(driver, clock)
    assert driver.efforts[-1] == 0.0


def test_inverted_gripper_is_named() -> None:
    driver, clock = make(-1.0)
    with unchecked(), pytest.raises(CalibrationError, match="gripper is inverted: told to close, it opens"):
        find_gripper_range(driver, clock)
    assert driver.efforts[-1] == 0.0


def test_gripper_that_does_not_move_is_told() -> None:
    driver, clock = make(0.0)
    with unchecked(), pytest.raises(CalibrationError, match="take out what is between"):
        find_gripper_range(driver, clock)


def test_full_effort_is_refused() -> None:
    with pytest.raises(CalibrationError, match="at most"):
        GripperRangeConfig(effort=1.0)
