"""What goes wrong on a servo bus, and what the driver makes of it."""

import logging
from collections.abc import Iterator

import numpy as np
import pytest

from clam_robot.errors import DriverError, PortUnavailable, ServoRefused, ServoSilent, StaleObservation
from clam_robot.hardware import control_table as table
from clam_robot.hardware.control_table import HardwareError, OperatingMode
from clam_robot.hardware.dynamixel_driver import DynamixelDriver
from clam_robot.hardware.serial_port import SerialPort
from clam_robot.hardware.servo_bus import ServoBus
from clam_robot.hardware.wx250s import JOINT_NAMES
from clam_robot.timing import MonotonicClock
from tests.clam_robot.hardware.conftest import Bus, on_bus
from tests.programs import REPLY_TIMEOUT, wait_for

pytestmark = pytest.mark.xdist_group("dynamixel_driver")
RAISED = np.array([0.0, -1.2, 0.9, 0.0, 0.3, 0.0])


@pytest.fixture
def driver(twin: Bus) -> Iterator[DynamixelDriver]:
    """Connected to the arm, asleep."""
    driver = make_driver(twin)
    driver.connect()
    yield driver
    driver.disconnect()


@pytest.fixture
def ready(driver: DynamixelDriver, twin: Bus) -> DynamixelDriver:
    """Raised, and prepared for moves of 200 ms."""
    driver.prepare(profile_velocity=200, profile_acceleration=60)
    twin.client.place([float(angle) for angle in RAISED])  # servos with torque hold it there
    wait_for(lambda: bool(np.abs(driver.read().position - RAISED).max() < 0.15), "the arm where it was put")
    return driver


@pytest.fixture
def servos(twin: Bus) -> Iterator[ServoBus]:
    bus = ServoBus(SerialPort(twin.port, reply_timeout=REPLY_TIMEOUT))
    bus.open()
    yield bus
    bus.close()


def make_driver(twin: Bus) -> DynamixelDriver:
    return DynamixelDriver(on_bus(twin.port), MonotonicClock())


def is_stale(driver: DynamixelDriver) -> bool:
    try:
        driver.read()
    except StaleObservation:
        return True
    return False


def test_a_missing_servo_keeps_the_driver_from_connecting_and_frees_the_port(twin: Bus) -> None:
    twin.client.fault("lost", "wrist_angle")
    driver = make_driver(twin)
    with pytest.raises(ServoSilent, match=r"wrist_angle \(id 7\)"):
        driver.connect()
    twin.client.fault("clear")
    driver.connect()
    driver.disconnect()


def test_a_second_driver_is_kept_out(driver: DynamixelDriver, twin: Bus) -> None:
    with pytest.raises(PortUnavailable, match="is in use by"):
        make_driver(twin).connect()
    assert np.isfinite(driver.read().position).all()


def test_nothing_is_commanded_before_prepare(driver: DynamixelDriver) -> None:
    for command in (lambda: driver.command(RAISED), lambda: driver.command_gripper(0.5)):
        with pytest.raises(DriverError, match=r"before prepare\(\)"):
            command()


def test_nothing_is_commanded_while_the_torque_is_off(ready: DynamixelDriver) -> None:
    ready.set_torque(False)
    with pytest.raises(DriverError, match=r"torque is off; call set_torque"):
        ready.command(RAISED)


def test_a_servo_that_falls_silent_makes_the_state_stale_and_is_named(ready: DynamixelDriver, twin: Bus) -> None:
    twin.client.fault("lost", "elbow")
    wait_for(lambda: is_stale(ready), "a stale state")
    with pytest.raises(StaleObservation, match=r"elbow \(id 4\) does not answer"):
        ready.read()
    with pytest.raises(ServoSilent, match="elbow"):
        ready.command(RAISED)
    twin.client.fault("clear")
    wait_for(lambda: not is_stale(ready), "a state again")
    ready.command(RAISED)  # it kept its power and its profile


def test_an_unplugged_adapter_ends_the_stream_and_plugged_in_again_it_takes_a_new_connection(
    ready: DynamixelDriver, twin: Bus
) -> None:
    twin.client.fault("unplug")
    wait_for(lambda: is_stale(ready), "a stale state")
    with pytest.raises(StaleObservation, match="was lost while in use"):
        ready.read()
    for use in (lambda: ready.command(RAISED), ready.servos):
        with pytest.raises(PortUnavailable, match="was lost while in use"):
            use()
    ready.disconnect()
    with pytest.raises(PortUnavailable, match="no port"):
        ready.connect()
    twin.client.fault("clear")
    wait_for(lambda: twin.client.describe()["port"] != "", "the port")
    wait_for(lambda: can_connect(ready), "a connection")
    assert all(twin.client.state().torque_on)  # the arm held on meanwhile
    with pytest.raises(DriverError, match="before prepare"):
        ready.command(RAISED)


def can_connect(driver: DynamixelDriver) -> bool:
    try:
        driver.connect()
    except PortUnavailable:
        return False
    return True


def test_an_overload_is_reported_logged_once_by_name_and_cleared_by_a_reboot(
    ready: DynamixelDriver, twin: Bus, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        twin.client.fault("overload", "wrist_rotate")
        wait_for(lambda: any("wrist_rotate" in each.message for each in caplog.records), "a line in the log")
        status = {each.name: each for each in ready.servos()}
    assert status["wrist_rotate"].error == HardwareError.OVERLOAD
    assert not status["wrist_rotate"].is_torque_on
    assert [each.message for each in caplog.records if "OVERLOAD" in each.message] == [
        "wrist_rotate (id 8) has a hardware error: OVERLOAD; it does not move any more. See what blocks or strains it, "
        "then reboot it"
    ]
    with pytest.raises(ServoRefused, match=r"wrist_rotate \(id 8\) has a hardware error \(OVERLOAD\).*reboot"):
        ready.prepare(profile_velocity=200, profile_acceleration=60)
    ready.reboot("wrist_rotate")
    status = {each.name: each for each in ready.servos()}
    assert status["wrist_rotate"].error == HardwareError(0)
    assert status["wrist_rotate"].is_torque_on
    assert status["wrist_rotate"].profile_velocity == 200


def test_a_servo_that_restarts_by_itself_takes_no_commands_until_it_is_prepared(
    ready: DynamixelDriver, twin: Bus
) -> None:
    twin.client.fault("reboot", "waist")
    wait_for(lambda: is_refused(ready), "a refusal")
    with pytest.raises(DriverError, match=r"waist \(id 1\) lost torque without an error"):
        ready.command(RAISED)
    ready.prepare(profile_velocity=150, profile_acceleration=60)
    status = {each.name: each for each in ready.servos()}
    assert (status["waist"].profile_velocity, status["waist"].is_torque_on) == (150, True)
    ready.command(RAISED)


def is_refused(driver: DynamixelDriver) -> bool:
    try:
        driver.command(RAISED)
    except ServoSilent:
        return False  # it restarts
    except DriverError:
        return True
    return False


def test_prepare_never_takes_the_torque_to_change_a_mode(servos: ServoBus, twin: Bus) -> None:
    servos.write(1, table.OPERATING_MODE, OperatingMode.VELOCITY)
    servos.write(1, table.TORQUE_ENABLE, 1)
    servos.close()
    driver = make_driver(twin)
    driver.connect()
    try:
        with pytest.raises(ServoRefused, match=r"waist \(id 1\) must lose torque .* Operating_Mode 1 to 3"):
            driver.prepare(profile_velocity=200, profile_acceleration=60)
        assert [each.is_torque_on for each in driver.servos()] == [True] + 8 * [False]
        driver.set_torque(False)
        driver.prepare(profile_velocity=200, profile_acceleration=60)
        assert {each.operating_mode for each in driver.servos()} == {OperatingMode.POSITION, OperatingMode.PWM}
    finally:
        driver.set_torque(False)
        driver.disconnect()


def test_motors_that_would_work_against_each_other_are_refused(servos: ServoBus, twin: Bus) -> None:
    servos.write(5, table.SECONDARY_ID, 255)
    servos.close()
    driver = make_driver(twin)
    driver.connect()
    try:
        with pytest.raises(ServoRefused, match=r"elbow_shadow \(id 5\) should follow servo 4 .* found 255"):
            driver.prepare(profile_velocity=200, profile_acceleration=60)
    finally:
        driver.disconnect()
        servos.open()
        servos.write_verified(5, table.SECONDARY_ID, 4)


def test_when_the_program_dies_the_arm_holds_and_the_gripper_lets_go(ready: DynamixelDriver, twin: Bus) -> None:
    ready.command_gripper(0.4)
    wait_for(lambda: ready.read().finger > 0.033, "an open gripper")
    ready.thread.stop()  # as a kill would, without a word to the servos
    wait_for(lambda: abs(twin.client.state().torque[6]) < 1e-3, "a gripper without torque")
    state = twin.client.state()
    assert all(state.torque_on)
    np.testing.assert_allclose(state.position, RAISED, atol=0.15)


def test_after_an_orderly_end_the_gripper_grips_on(ready: DynamixelDriver, twin: Bus) -> None:
    ready.command_gripper(0.4)
    wait_for(lambda: ready.read().finger > 0.033, "an open gripper")
    ready.disconnect()
    start = twin.client.state().time
    wait_for(lambda: twin.client.state().time > start + 1.0, "a second of the twin's time")
    assert abs(twin.client.state().torque[6]) > 1e-3


def test_noise_on_the_wire_does_not_disturb_the_stream(ready: DynamixelDriver, twin: Bus) -> None:
    twin.client.fault("corrupt", value=0.01)
    begin = ready.thread.num_reads
    wait_for(lambda: ready.thread.num_reads > begin + 150, "150 states")
    assert ready.thread.is_alive
    assert not ready.thread.problem or isinstance(ready.thread.problem, ServoSilent)


def test_a_reboot_of_a_joint_does_not_move_the_others(ready: DynamixelDriver) -> None:
    before = ready.read().position
    ready.reboot("wrist_angle")
    others = [JOINT_NAMES.index(name) for name in ("waist", "shoulder", "elbow", "forearm_roll", "wrist_rotate")]
    np.testing.assert_allclose(ready.read().position[others], before[others], atol=0.1)
