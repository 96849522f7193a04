"""What every `JointDriver` keeps, as tests: inherit, give a factory, and let time pass.

class TestMyDriver(JointDriverContract):
    def make_driver(self) -> JointDriver:
        return MyDriver(...)
"""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable

import numpy as np
import pytest

from clam_robot.errors import DriverError, InvalidVector, NotConnected
from clam_robot.hardware import wx250s
from clam_robot.hardware.control_table import MODEL_NUMBERS, HardwareError, OperatingMode
from clam_robot.hardware.joint_driver import JointDriver

PROFILE = {"profile_velocity": 200, "profile_acceleration": 60}  # [ms]
SLOW = {"profile_velocity": 1000, "profile_acceleration": 300}  # [ms]
# Over the table with nothing near; asleep the arm lies on its own base, and torque may go.
RAISED = np.array([0.0, -1.2, 0.9, 0.0, 0.3, 0.0])
ASLEEP = np.array(wx250s.SLEEP)
NEAR = 0.05  # of a joint that gravity does not load [rad]
SAG = 0.15  # of one that it does [rad]
WITHIN = 10.0  # of any move; generous, the machine may be busy [s]
WAIST, WRIST_ROTATE = wx250s.JOINT_NAMES.index("waist"), wx250s.JOINT_NAMES.index("wrist_rotate")
ARM = [servo.name for servo in wx250s.SERVOS if servo.name != wx250s.GRIPPER]


TOLERANCE = np.where(np.isin(np.arange(wx250s.NUM_JOINTS), [WAIST, WRIST_ROTATE]), NEAR, SAG)


class JointDriverContract(ABC):
    """Safe on a real arm with half a metre of room in front and above: it raises the arm before it moves it, and lays
    it down before it takes the torque off.
    """

    @abstractmethod
    def make_driver(self) -> JointDriver:
        """A new driver, not yet connected, of an arm that nobody else drives."""

    def pass_time(self, seconds: float) -> None:
        """Let the arm live for a while [s]; a simulation on a manual clock steps here."""
        time.sleep(seconds)

    def wait_for(self, condition: Callable[[], bool], what: str) -> None:
        for _ in range(round(WITHIN / 0.02)):
            if condition():
                return
            self.pass_time(0.02)
        pytest.fail(f"after {WITHIN:g} s still not: {what}")

    @pytest.fixture
    def driver(self, request: pytest.FixtureRequest) -> JointDriver:
        """Connected, prepared and raised."""
        driver = self.make_driver()
        driver.connect()
        request.addfinalizer(driver.disconnect)  # no yield: the type checks of jaxtyping hide a generator from pytest
        if (np.abs(driver.read().position - RAISED) > 4 * TOLERANCE).any():
            driver.prepare(**SLOW)
            self.go_to(driver, RAISED)
        driver.prepare(**PROFILE)
        self.go_to(driver, RAISED)
        return driver

    def go_to(self, driver: JointDriver, goal: np.ndarray) -> None:
        driver.command(goal)
        self.wait_for(lambda: bool((np.abs(driver.read().position - goal) < TOLERANCE).all()), f"at {goal.round(2)}")

    def test_it_is_a_joint_driver(self) -> None:
        assert isinstance(self.make_driver(), JointDriver)

    def test_use_before_connect_and_after_disconnect_is_refused(self) -> None:
        driver = self.make_driver()
        uses: list[Callable[[], object]] = [
            driver.read,
            driver.servos,
            lambda: driver.command(np.zeros(wx250s.NUM_JOINTS)),
            lambda: driver.command_gripper(0.0),
            lambda: driver.prepare(**PROFILE),
            lambda: driver.reboot("waist"),
            lambda: driver.set_torque(True),
        ]
        for use in uses:
            with pytest.raises(NotConnected):
                use()
        driver.connect()
        driver.disconnect()
        for use in uses:
            with pytest.raises(NotConnected):
                use()

    def test_connect_and_disconnect_may_be_called_twice_and_again(self) -> None:
        driver = self.make_driver()
        for _ in range(2):
            driver.connect()
            driver.connect()
            assert np.isfinite(driver.read().position).all()
            driver.disconnect()
            driver.disconnect()

    def test_states_are_finite_and_go_on(self, driver: JointDriver) -> None:
        first = driver.read()
        for values in (first.position, first.velocity, first.effort):
            assert values.shape == (wx250s.NUM_JOINTS,)
            assert np.isfinite(values).all()
        assert 0.01 <= first.finger <= 0.04
        self.wait_for(lambda: driver.read().time > first.time, "a newer state")

    def test_prepare_sets_modes_profile_and_torque_and_moves_nothing(self, driver: JointDriver) -> None:
        self.pass_time(0.3)
        before = driver.read().position
        driver.prepare(profile_velocity=320, profile_acceleration=40)
        self.pass_time(0.3)
        np.testing.assert_allclose(driver.read().position, before, atol=NEAR)
        status = {each.name: each for each in driver.servos()}
        for name in ARM:
            assert status[name].operating_mode == OperatingMode.POSITION
            assert (status[name].profile_velocity, status[name].profile_acceleration) == (320, 40)
        assert status[wx250s.GRIPPER].operating_mode == OperatingMode.PWM
        assert all(each.is_torque_on for each in status.values())

    def test_servos_are_told_in_order_with_model_limits_and_health(self, driver: JointDriver) -> None:
        found = driver.servos()
        assert [each.name for each in found] == [each.name for each in wx250s.SERVOS]
        for each, expected in zip(found, wx250s.SERVOS, strict=True):
            assert each.model == MODEL_NUMBERS[expected.model]
            assert each.error == HardwareError(0)
            assert each.low == pytest.approx((expected.low_count - wx250s.ZERO_COUNT) * wx250s.COUNT)
            assert each.high == pytest.approx((expected.high_count - wx250s.ZERO_COUNT) * wx250s.COUNT)
            assert 5.0 < each.voltage < 16.0
            assert 0.0 < each.temperature < 80.0

    def test_a_command_moves_the_joints_there(self, driver: JointDriver) -> None:
        goal = RAISED.copy()
        goal[[WAIST, WRIST_ROTATE]] = 0.4, -0.3
        self.go_to(driver, goal)
        self.go_to(driver, RAISED)

    def test_commands_that_are_not_finite_or_beyond_a_limit_move_nothing(self, driver: JointDriver) -> None:
        goal = RAISED.copy()
        goal[WAIST] = 1.5
        for value in (np.nan, np.inf, -np.inf, 3.5, -3.5):
            goal[WRIST_ROTATE] = value
            with pytest.raises(InvalidVector) as refusal:
                driver.command(goal)
            assert refusal.value.index == WRIST_ROTATE
        self.pass_time(0.3)
        assert (np.abs(driver.read().position - RAISED) < TOLERANCE).all()

    def test_the_gripper_opens_and_closes_by_effort(self, driver: JointDriver) -> None:
        driver.command_gripper(0.3)
        self.wait_for(lambda: driver.read().finger > 0.033, "open")
        driver.command_gripper(-0.3)
        self.wait_for(lambda: driver.read().finger < 0.02, "closed")
        driver.command_gripper(0.0)
        for effort in (np.nan, np.inf):
            with pytest.raises(InvalidVector):
                driver.command_gripper(effort)

    @pytest.mark.parametrize("name", ["waist", "shoulder_shadow"])
    def test_a_rebooted_servo_is_prepared_again(self, driver: JointDriver, name: str) -> None:
        driver.reboot(name)
        for each in driver.servos():
            assert each.is_torque_on, each.name
            if each.name in ARM:
                assert (each.profile_velocity, each.profile_acceleration) == (200, 60), each.name
        goal = RAISED.copy()
        goal[WAIST] = 0.2
        self.go_to(driver, goal)

    def test_no_servo_of_another_name_is_rebooted(self, driver: JointDriver) -> None:
        with pytest.raises(KeyError, match="elbo"):
            driver.reboot("elbo")

    def test_torque_comes_back_where_the_arm_then_is(self, driver: JointDriver) -> None:
        driver.prepare(**SLOW)
        self.go_to(driver, ASLEEP)
        driver.set_torque(False)
        assert not any(each.is_torque_on for each in driver.servos())
        self.pass_time(0.5)  # it settles on its base
        before = driver.read().position
        driver.set_torque(True)
        assert all(each.is_torque_on for each in driver.servos())
        self.pass_time(0.3)
        np.testing.assert_allclose(driver.read().position, before, atol=NEAR)
        self.go_to(driver, RAISED)

    def test_a_profile_without_time_is_refused(self, driver: JointDriver) -> None:
        with pytest.raises(DriverError):
            driver.prepare(profile_velocity=0, profile_acceleration=0)
