"""What a servo does when it is overloaded, hot, rebooted, without power or alone."""

from clam_robot.hardware import control_table as ct
from clam_robot.hardware.control_table import HardwareError, OperatingMode
from sim.widowx.packet import StatusError
from tests.sim.widowx.registers import FreeJoint, get, put
from tests.sim.widowx.servos import refusal, servo, turning


def test_stalled_servo_overloads_and_drops_its_torque_until_rebooted() -> None:
    joint = turning("gripper", OperatingMode.PWM)
    joint.is_blocked = True
    put(joint.servo, ct.GOAL_PWM, 885)
    joint.run(1.0)
    assert joint.servo.errors == HardwareError(0)
    joint.run(2.0)
    assert joint.servo.errors == HardwareError.OVERLOAD
    assert (joint.torque, get(joint.servo, ct.TORQUE_ENABLE)) == (0.0, 0)
    assert refusal(joint.servo, ct.TORQUE_ENABLE, 1) == StatusError.RESULT_FAIL
    joint.servo.reboot()
    joint.run(0.5)
    put(joint.servo, ct.TORQUE_ENABLE, 1)


def test_load_a_servo_can_bear_never_overloads_it() -> None:
    joint = turning("gripper", OperatingMode.PWM)
    joint.is_blocked = True
    put(joint.servo, ct.GOAL_PWM, 250)
    joint.run(20.0)
    assert joint.servo.errors == HardwareError(0)


def test_error_that_shutdown_does_not_name_keeps_the_torque() -> None:
    joint = turning()
    joint.voltage = 9.0
    joint.run(0.1)
    assert joint.servo.errors == HardwareError.INPUT_VOLTAGE
    assert joint.servo.is_torque_on


def test_holding_against_a_load_warms_the_motor() -> None:
    joint = turning(mode=OperatingMode.CURRENT)
    joint.is_blocked = True
    put(joint.servo, ct.GOAL_CURRENT, 400)
    joint.run(60.0)
    warm = get(joint.servo, ct.PRESENT_TEMPERATURE)
    assert 28 <= warm <= 45
    put(joint.servo, ct.TORQUE_ENABLE, 0)
    joint.run(300.0)
    assert get(joint.servo, ct.PRESENT_TEMPERATURE) < warm


def test_servo_hotter_than_its_limit_shuts_down() -> None:
    joint = FreeJoint(servo())
    put(joint.servo, ct.TEMPERATURE_LIMIT, 30)
    put(joint.servo, ct.OPERATING_MODE, OperatingMode.CURRENT)
    put(joint.servo, ct.TORQUE_ENABLE, 1)
    joint.is_blocked = True
    put(joint.servo, ct.GOAL_CURRENT, 400)
    joint.run(60.0)
    assert joint.servo.errors & HardwareError.OVERHEATING
    assert not joint.servo.is_torque_on


def test_reboot_loses_what_is_not_in_the_eeprom() -> None:
    joint = turning()
    for register, value in ((ct.PROFILE_VELOCITY, 2000), (ct.POSITION_P_GAIN, 300), (ct.STATUS_RETURN_LEVEL, 1)):
        put(joint.servo, register, value)
    joint.servo.reboot()
    assert not joint.servo.is_awake
    joint.run(0.3)
    assert joint.servo.is_awake
    registers = (ct.PROFILE_VELOCITY, ct.POSITION_P_GAIN, ct.STATUS_RETURN_LEVEL, ct.TORQUE_ENABLE, ct.BAUD_RATE)
    assert [get(joint.servo, register) for register in registers] == [0, 800, 2, 0, 3]


def test_servo_without_power_restarts_when_it_returns() -> None:
    joint = turning()
    joint.voltage = 0.0
    joint.run(0.1)
    assert not joint.servo.is_awake
    assert joint.torque == 0.0
    joint.voltage = 12.0
    joint.run(0.4)
    assert joint.servo.is_awake
    assert not joint.servo.is_torque_on


def test_bus_watchdog_stops_a_servo_nobody_talks_to() -> None:
    joint = turning(mode=OperatingMode.VELOCITY)
    put(joint.servo, ct.BUS_WATCHDOG, 5)  # 100 ms
    put(joint.servo, ct.GOAL_VELOCITY, 50)
    for _ in range(10):
        joint.servo.notice()
        joint.run(0.05)
    assert get(joint.servo, ct.PRESENT_VELOCITY) > 30
    joint.run(1.0)
    assert get(joint.servo, ct.BUS_WATCHDOG) == -1
    assert abs(get(joint.servo, ct.PRESENT_VELOCITY)) <= 2
    assert refusal(joint.servo, ct.GOAL_VELOCITY, 50) == StatusError.DATA_RANGE
    put(joint.servo, ct.BUS_WATCHDOG, 0)
    put(joint.servo, ct.GOAL_VELOCITY, 50)
