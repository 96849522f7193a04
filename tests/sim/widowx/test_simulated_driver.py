from collections.abc import Iterator

import numpy as np
import pytest

from clam_robot.errors import DriverError, ServoRefused, StaleObservation
from clam_robot.hardware import control_table as ct
from clam_robot.hardware import wx250s
from clam_robot.hardware.control_table import HardwareError, OperatingMode
from clam_robot.hardware.joint_driver import JointDriver
from clam_robot.testing.joint_driver_contract import JointDriverContract
from clam_robot.timing import ManualClock
from sim.widowx.arm_physics import ArmPhysics
from sim.widowx.simulated_driver import SimulatedDriver
from sim.widowx.trace import Trace
from tests.sim.widowx.registers import put

ARM = ArmPhysics()  # takes a second to build
NEUTRAL = np.array(wx250s.NEUTRAL)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def driver(clock: ManualClock) -> Iterator[SimulatedDriver]:
    ARM.reset()
    driver = SimulatedDriver(ARM, clock)
    driver.connect()
    yield driver
    ARM.observers.clear()


def run(driver: SimulatedDriver, clock: ManualClock, seconds: float, goal: np.ndarray | None = None) -> None:
    for _ in range(round(seconds * 50)):
        if goal is not None:
            driver.command(goal)
        clock.advance(0.02)
        driver.read()


class TestSimulatedDriver(JointDriverContract):
    def make_driver(self) -> JointDriver:
        ARM.reset()
        self.clock = ManualClock()
        return SimulatedDriver(ARM, self.clock)

    def pass_time(self, seconds: float) -> None:
        self.clock.advance(seconds)


def test_arm_lies_in_its_sleep_pose_before_anything_is_asked_of_it(driver: SimulatedDriver) -> None:
    state = driver.read()
    np.testing.assert_allclose(state.position, wx250s.SLEEP, atol=0.06)
    assert np.abs(state.velocity).max() < 0.05
    assert not any(servo.is_torque_on for servo in driver.servos())


def test_connecting_moves_nothing_and_switches_nothing(driver: SimulatedDriver, clock: ManualClock) -> None:
    before = driver.read().position
    run(driver, clock, 1.0)
    np.testing.assert_allclose(driver.read().position, before, atol=2 * wx250s.COUNT)


def test_prepared_arm_holds_without_a_jump(driver: SimulatedDriver, clock: ManualClock) -> None:
    trace = Trace(driver.physics)
    driver.prepare(profile_velocity=2000, profile_acceleration=300)
    run(driver, clock, 0.5)
    report, _ = trace.take()
    assert max(report.max_speed) < 0.1


def test_prepare_sets_modes_torque_and_profile(driver: SimulatedDriver) -> None:
    driver.prepare(profile_velocity=800, profile_acceleration=200)
    *arm, gripper = driver.servos()
    assert all(servo.is_torque_on for servo in (*arm, gripper))
    assert {servo.operating_mode for servo in arm} == {OperatingMode.POSITION}
    assert {(servo.profile_velocity, servo.profile_acceleration) for servo in arm} == {(800, 200)}
    assert gripper.operating_mode == OperatingMode.PWM


def test_arm_goes_where_it_is_told_in_the_time_of_its_profile(driver: SimulatedDriver, clock: ManualClock) -> None:
    driver.prepare(profile_velocity=2000, profile_acceleration=300)
    driver.command(NEUTRAL)
    run(driver, clock, 1.0)
    halfway = np.abs(driver.read().position - NEUTRAL)
    run(driver, clock, 1.5)
    arrived = np.abs(driver.read().position - NEUTRAL)
    assert halfway[1] > 0.3  # it has not jumped there
    assert arrived.max() < 0.06  # it sags a little under its own weight
    assert np.abs(driver.read().velocity).max() < 0.05


def test_shadows_do_what_their_leaders_do(driver: SimulatedDriver, clock: ManualClock) -> None:
    driver.prepare(profile_velocity=1000, profile_acceleration=200)
    driver.command(NEUTRAL)
    run(driver, clock, 2.0)
    physics = driver.physics
    for leader, shadow in (("shoulder", "shoulder_shadow"), ("elbow", "elbow_shadow")):
        assert physics.servo(leader).position == pytest.approx(physics.servo(shadow).position)
        assert physics.servo(leader).motor.torque == pytest.approx(physics.servo(shadow).motor.torque)


@pytest.mark.parametrize("effort", [0.35, -0.35])
def test_gripper_opens_and_closes_by_effort(driver: SimulatedDriver, clock: ManualClock, effort: float) -> None:
    driver.prepare(profile_velocity=1000, profile_acceleration=200)
    before = driver.read().finger
    driver.command_gripper(effort)
    run(driver, clock, 2.0)
    assert (driver.read().finger - before) * np.sign(effort) > 0.005
    assert driver.read().finger == pytest.approx(driver.physics.finger, abs=2e-4)


def test_equal_calls_give_bit_equal_motion() -> None:
    def drive() -> np.ndarray:
        ARM.reset(7)
        clock = ManualClock()
        driver = SimulatedDriver(ARM, clock)
        driver.connect()
        driver.prepare(profile_velocity=500, profile_acceleration=100)
        for step in range(50):
            driver.command(NEUTRAL * np.sin(step / 50))
            driver.command_gripper(0.2 * np.sin(step / 9))
            clock.advance(0.02)
        driver.read()
        return ARM.data.qpos.copy()

    assert drive().tobytes() == drive().tobytes()


def test_every_position_within_the_limits_is_taken_by_the_servos(driver: SimulatedDriver) -> None:
    driver.prepare(profile_velocity=2000, profile_acceleration=300)
    for limit in wx250s.joint_limits():
        driver.command(limit)
        for name, angle in zip(wx250s.JOINT_NAMES, limit, strict=True):
            goal = driver.physics.servo(name).memory[ct.GOAL_POSITION]
            assert goal == pytest.approx(2048 + angle / wx250s.COUNT, abs=1.0)


def test_silent_servo_makes_the_state_stale_by_name(driver: SimulatedDriver, clock: ManualClock) -> None:
    driver.prepare(profile_velocity=500, profile_acceleration=100)
    driver.faults.lost.add("elbow")
    driver.read()  # the last state is still fresh
    clock.advance(0.5)
    with pytest.raises(StaleObservation, match="elbow"):
        driver.read()
    with pytest.raises(DriverError, match="elbow"):
        driver.servos()
    with pytest.raises(DriverError, match="elbow"):
        driver.command(NEUTRAL)
    driver.faults.clear()
    driver.command(NEUTRAL)


def test_servo_that_restarts_by_itself_is_noticed_before_it_moves_at_full_speed(
    driver: SimulatedDriver, clock: ManualClock
) -> None:
    driver.prepare(profile_velocity=500, profile_acceleration=100)
    driver.physics.servo("waist").reboot()
    clock.advance(0.5)
    run(driver, clock, 1.0)
    with pytest.raises(DriverError, match="waist"):
        driver.command(NEUTRAL)
    driver.prepare(profile_velocity=500, profile_acceleration=100)
    driver.command(NEUTRAL)


def test_gripper_keeps_its_effort_however_rarely_the_driver_is_asked(
    driver: SimulatedDriver, clock: ManualClock
) -> None:
    driver.prepare(profile_velocity=500, profile_acceleration=100)
    driver.command_gripper(0.2)
    clock.advance(5.0)
    assert driver.read().gripper_effort == pytest.approx(200, abs=5)


def test_overloaded_servo_stays_limp_until_it_is_rebooted(driver: SimulatedDriver, clock: ManualClock) -> None:
    driver.prepare(profile_velocity=500, profile_acceleration=100)
    driver.physics.servo("waist").raise_error(HardwareError.OVERLOAD)
    goal = NEUTRAL.copy()
    goal[0] = 0.8
    run(driver, clock, 1.0, goal)
    status = driver.servos()[0]
    assert status.error == HardwareError.OVERLOAD
    assert not status.is_torque_on
    assert abs(driver.read().position[0]) < 0.1
    driver.reboot("waist")
    status = driver.servos()[0]
    assert (status.error, status.is_torque_on, status.profile_velocity) == (HardwareError(0), True, 500)
    run(driver, clock, 1.0, goal)
    assert abs(driver.read().position[0] - goal[0]) < 0.06


def test_torque_off_lets_the_arm_sink_and_on_holds_it_where_it_is(driver: SimulatedDriver, clock: ManualClock) -> None:
    driver.prepare(profile_velocity=800, profile_acceleration=200)
    driver.command(NEUTRAL)
    run(driver, clock, 1.5)
    before = driver.read().position
    driver.set_torque(False)
    run(driver, clock, 0.4)
    sunk = driver.read().position
    assert np.abs(sunk - before).max() > 0.1
    trace = Trace(driver.physics)
    driver.set_torque(True)
    run(driver, clock, 1.0)
    assert np.abs(driver.read().position - before).max() > 0.1  # it has not gone back
    assert trace.take()[0].num_steps == 500


def test_arm_that_holds_in_a_wrong_mode_is_not_dropped_to_change_it(driver: SimulatedDriver) -> None:
    elbow = driver.physics.servo("elbow")
    put(elbow, ct.OPERATING_MODE, OperatingMode.EXTENDED_POSITION)
    put(elbow, ct.TORQUE_ENABLE, 1)
    with pytest.raises(ServoRefused, match="elbow"):
        driver.prepare(profile_velocity=500, profile_acceleration=100)
    assert elbow.is_torque_on
    put(elbow, ct.TORQUE_ENABLE, 0)
    put(elbow, ct.OPERATING_MODE, OperatingMode.POSITION)


def test_unpowered_arm_is_not_connected_to(clock: ManualClock) -> None:
    ARM.reset()
    ARM.supply_voltage = 0.0
    ARM.step(0.1)
    with pytest.raises(DriverError, match="no servo answers"):
        SimulatedDriver(ARM, clock).connect()
    ARM.reset()
