import math

import pytest

from clam_robot.hardware import control_table as ct
from clam_robot.hardware import wx250s
from clam_robot.hardware.control_table import DriveMode, HardwareError, OperatingMode, Register
from sim.widowx import indirect
from sim.widowx.memory import Refused
from sim.widowx.packet import StatusError
from sim.widowx.servo import EmulatedServo
from tests.sim.widowx.registers import FreeJoint, get, put


def servo(name: str = "waist") -> EmulatedServo:
    return EmulatedServo(wx250s.servo(name))


def turning(name: str = "waist", mode: OperatingMode = OperatingMode.POSITION) -> FreeJoint:
    """A servo with torque in a mode, on a free wheel."""
    joint = FreeJoint(servo(name))
    put(joint.servo, ct.OPERATING_MODE, mode)
    put(joint.servo, ct.TORQUE_ENABLE, 1)
    return joint


def refusal(servo: EmulatedServo, register: Register, value: int) -> StatusError:
    before = get(servo, register)
    with pytest.raises(Refused) as raised:
        put(servo, register, value)
    assert get(servo, register) == before
    return raised.value.error


@pytest.mark.parametrize("name", [each.name for each in wx250s.SERVOS])
def test_servo_comes_provisioned_for_its_place(name: str) -> None:
    emulated, expected = servo(name), wx250s.servo(name)
    assert get(emulated, ct.ID) == expected.id
    assert get(emulated, ct.MODEL_NUMBER) == ct.MODEL_NUMBERS[expected.model]
    assert get(emulated, ct.BAUD_RATE) == 3
    assert get(emulated, ct.SECONDARY_ID) == (expected.follows or 255)
    assert get(emulated, ct.DRIVE_MODE) == DriveMode.TIME_PROFILE | int(expected.is_reversed)
    assert (get(emulated, ct.MIN_POSITION_LIMIT), get(emulated, ct.MAX_POSITION_LIMIT)) == (
        expected.low_count,
        expected.high_count,
    )
    assert get(emulated, ct.TORQUE_ENABLE) == 0


@pytest.mark.parametrize(
    ("register", "value"),
    [(ct.ID, 20), (ct.OPERATING_MODE, 4), (ct.HOMING_OFFSET, 5), (ct.MAX_POSITION_LIMIT, 4000), (ct.SHUTDOWN, 0)],
)
def test_eeprom_is_locked_while_torque_is_on(register: Register, value: int) -> None:
    emulated = servo()
    put(emulated, ct.TORQUE_ENABLE, 1)
    assert refusal(emulated, register, value) == StatusError.ACCESS
    put(emulated, ct.TORQUE_ENABLE, 0)
    put(emulated, register, value)
    assert get(emulated, register) == value


@pytest.mark.parametrize(
    ("register", "value", "error"),
    [
        (ct.PRESENT_POSITION, 5, StatusError.ACCESS),
        (ct.MODEL_NUMBER, 5, StatusError.ACCESS),
        (ct.TORQUE_ENABLE, 2, StatusError.DATA_RANGE),
        (ct.BAUD_RATE, 8, StatusError.DATA_RANGE),
        (ct.OPERATING_MODE, 2, StatusError.DATA_RANGE),
        (ct.ID, 253, StatusError.DATA_RANGE),
        (ct.POSITION_P_GAIN, 16_384, StatusError.DATA_RANGE),
        (ct.PROFILE_VELOCITY, 32_768, StatusError.DATA_RANGE),
        (ct.GOAL_PWM, 886, StatusError.DATA_LIMIT),
        (ct.GOAL_CURRENT, -1194, StatusError.DATA_LIMIT),
        (ct.GOAL_VELOCITY, 351, StatusError.DATA_LIMIT),
        (ct.GOAL_POSITION, 4096, StatusError.DATA_LIMIT),
        (ct.GOAL_POSITION, -1, StatusError.DATA_LIMIT),
    ],
)
def test_bad_write_is_refused_with_the_right_error(register: Register, value: int, error: StatusError) -> None:
    assert refusal(servo(), register, value) == error


@pytest.mark.parametrize(("goal", "is_good"), [(818, False), (819, True), (3345, True), (3346, False)])
def test_goals_keep_to_the_position_limits(goal: int, is_good: bool) -> None:
    shoulder = servo("shoulder")
    if is_good:
        put(shoulder, ct.GOAL_POSITION, goal)
    else:
        assert refusal(shoulder, ct.GOAL_POSITION, goal) == StatusError.DATA_LIMIT


def test_extended_position_mode_has_no_position_limits() -> None:
    shoulder = servo("shoulder")
    put(shoulder, ct.OPERATING_MODE, OperatingMode.EXTENDED_POSITION)
    put(shoulder, ct.GOAL_POSITION, -20_000)
    assert refusal(shoulder, ct.GOAL_POSITION, 1_048_576) == StatusError.DATA_RANGE


@pytest.mark.parametrize("mode", [OperatingMode.CURRENT, OperatingMode.CURRENT_BASED_POSITION])
def test_xl430_has_no_current_control(mode: OperatingMode) -> None:
    gripper = servo("gripper")
    assert refusal(gripper, ct.OPERATING_MODE, mode) == StatusError.DATA_RANGE
    assert refusal(gripper, ct.GOAL_CURRENT, 0) == StatusError.ACCESS
    put(servo("waist"), ct.OPERATING_MODE, mode)


def test_write_of_several_registers_is_all_or_nothing() -> None:
    emulated = servo()
    data = (100).to_bytes(4, "little") + (200).to_bytes(4, "little") + (5000).to_bytes(4, "little")
    with pytest.raises(Refused):
        emulated.write(ct.PROFILE_ACCELERATION.address, data)
    assert get(emulated, ct.PROFILE_ACCELERATION) == 0
    with pytest.raises(Refused) as raised:
        emulated.write(ct.GOAL_POSITION.address, b"\0\0")
    assert raised.value.error == StatusError.DATA_LENGTH


@pytest.mark.parametrize("name", ["waist", "shoulder_shadow", "wrist_rotate"])
@pytest.mark.parametrize("angle", [-1.0, 0.0, 0.7])
def test_position_is_the_joint_angle_in_counts(name: str, angle: float) -> None:
    emulated = servo(name)
    emulated.place(angle)
    assert get(emulated, ct.PRESENT_POSITION) == pytest.approx(2048 + angle * 4096 / math.tau, abs=1.0)


def test_drive_mode_without_reverse_turns_a_mirrored_servo_the_wrong_way() -> None:
    emulated = servo("elbow_shadow")
    emulated.place(0.5)
    put(emulated, ct.DRIVE_MODE, DriveMode.TIME_PROFILE)
    assert get(emulated, ct.PRESENT_POSITION) == pytest.approx(2048 - 0.5 * 4096 / math.tau, abs=1.0)


def test_homing_offset_is_added_whatever_the_direction() -> None:
    for name in ("elbow", "elbow_shadow"):
        emulated = servo(name)
        emulated.place(0.5)
        before = get(emulated, ct.PRESENT_POSITION)
        put(emulated, ct.HOMING_OFFSET, 25)
        assert get(emulated, ct.PRESENT_POSITION) == before + 25


def test_turns_are_forgotten_when_torque_goes_on_in_position_mode() -> None:
    emulated = servo()
    emulated.place(math.tau + 0.3)
    emulated.update(0.002, math.tau + 0.3, 0.0, 12.0)
    assert get(emulated, ct.PRESENT_POSITION) > 4096
    put(emulated, ct.TORQUE_ENABLE, 1)
    assert get(emulated, ct.PRESENT_POSITION) == pytest.approx(2048 + 0.3 * 4096 / math.tau, abs=1)


def test_servo_goes_to_its_goal_within_the_time_of_its_profile() -> None:
    joint = turning()
    put(joint.servo, ct.PROFILE_ACCELERATION, 300)
    put(joint.servo, ct.PROFILE_VELOCITY, 2000)
    put(joint.servo, ct.GOAL_POSITION, 3048)
    joint.run(1.0)
    assert get(joint.servo, ct.PRESENT_POSITION) == pytest.approx(2548, abs=60)
    assert get(joint.servo, ct.MOVING) == 1
    assert get(joint.servo, ct.MOVING_STATUS) & 0x32 == 0x32  # under way, trapezoid
    assert get(joint.servo, ct.POSITION_TRAJECTORY) == pytest.approx(2548, abs=2)
    joint.run(1.5)
    assert get(joint.servo, ct.PRESENT_POSITION) == pytest.approx(3048, abs=3)
    assert get(joint.servo, ct.MOVING) == 0
    assert get(joint.servo, ct.MOVING_STATUS) & 0x03 == 0x01  # arrived


def test_profile_and_goal_in_one_write_go_together() -> None:
    joint = turning()
    data = b"".join(value.to_bytes(4, "little") for value in (100, 1000, 3048))
    joint.servo.write(ct.PROFILE_ACCELERATION.address, data)
    joint.run(0.5)
    assert get(joint.servo, ct.POSITION_TRAJECTORY) == pytest.approx(2548, abs=2)


def test_writing_the_same_goal_again_does_not_begin_anew() -> None:
    joint = turning()
    put(joint.servo, ct.PROFILE_VELOCITY, 1000)
    for _ in range(60):
        put(joint.servo, ct.GOAL_POSITION, 3048)
        joint.run(0.02)
    assert get(joint.servo, ct.PRESENT_POSITION) == pytest.approx(3048, abs=3)


def test_profile_velocity_zero_is_as_fast_as_the_motor_can() -> None:
    joint = turning()
    put(joint.servo, ct.GOAL_POSITION, 4048)
    joint.run(0.25)
    assert joint.speed > 0.8 * joint.servo.model.no_load_speed


def test_velocity_profile_keeps_to_its_speed() -> None:
    joint = FreeJoint(servo())
    put(joint.servo, ct.DRIVE_MODE, 0)
    put(joint.servo, ct.TORQUE_ENABLE, 1)
    put(joint.servo, ct.PROFILE_VELOCITY, 60)
    put(joint.servo, ct.PROFILE_ACCELERATION, 20)
    put(joint.servo, ct.GOAL_POSITION, 4000)
    joint.run(1.2)
    assert get(joint.servo, ct.PRESENT_VELOCITY) == pytest.approx(60, abs=3)
    assert get(joint.servo, ct.VELOCITY_TRAJECTORY) == 60


@pytest.mark.parametrize("goal", [100, -40])
def test_velocity_mode_turns_at_its_goal(goal: int) -> None:
    joint = turning(mode=OperatingMode.VELOCITY)
    put(joint.servo, ct.GOAL_VELOCITY, goal)
    joint.run(2.0)
    assert get(joint.servo, ct.PRESENT_VELOCITY) == pytest.approx(goal, abs=3)


def test_current_mode_pushes_with_its_goal() -> None:
    joint = turning(mode=OperatingMode.CURRENT)
    joint.is_blocked = True
    put(joint.servo, ct.GOAL_CURRENT, 300)
    joint.run(0.1)
    assert get(joint.servo, ct.PRESENT_CURRENT) == pytest.approx(300, abs=1)
    assert joint.torque == pytest.approx(300 * 2.69e-3 * 4.1 / 2.3, rel=0.02)


def test_current_based_position_mode_is_gentle() -> None:
    joint = turning(mode=OperatingMode.CURRENT_BASED_POSITION)
    joint.is_blocked = True
    put(joint.servo, ct.GOAL_CURRENT, 100)
    put(joint.servo, ct.GOAL_POSITION, 4000)
    joint.run(0.1)
    assert get(joint.servo, ct.PRESENT_CURRENT) == pytest.approx(100, abs=1)


def test_pwm_mode_begins_at_zero_and_then_sets_the_voltage() -> None:
    joint = turning("gripper", OperatingMode.PWM)
    assert get(joint.servo, ct.GOAL_PWM) == 0
    put(joint.servo, ct.GOAL_PWM, 443)
    joint.run(1.0)
    assert joint.speed == pytest.approx(joint.servo.model.no_load_speed / 2, rel=0.05)
    assert get(joint.servo, ct.PRESENT_PWM) == 443


@pytest.mark.parametrize(("name", "stall"), [("waist", 4.1), ("gripper", 1.5)])
def test_motor_has_the_torque_and_speed_of_its_data_sheet(name: str, stall: float) -> None:
    joint = turning(name, OperatingMode.PWM)
    put(joint.servo, ct.GOAL_PWM, 885)
    joint.is_blocked = True
    joint.run(0.01)
    assert joint.torque == pytest.approx(stall)
    joint.is_blocked = False
    joint.run(1.5)
    assert joint.speed == pytest.approx(joint.servo.model.no_load_speed, rel=0.02)


def test_goal_pwm_bounds_position_control() -> None:
    joint = turning()
    joint.is_blocked = True
    put(joint.servo, ct.GOAL_PWM, 200)
    put(joint.servo, ct.GOAL_POSITION, 4000)
    joint.run(0.05)
    assert get(joint.servo, ct.PRESENT_PWM) == 200


def test_change_of_mode_resets_gains_profile_and_goal_pwm() -> None:
    emulated = servo()
    for register, value in ((ct.PROFILE_VELOCITY, 500), (ct.POSITION_P_GAIN, 300), (ct.GOAL_PWM, 100)):
        put(emulated, register, value)
    put(emulated, ct.OPERATING_MODE, OperatingMode.EXTENDED_POSITION)
    assert [get(emulated, r) for r in (ct.PROFILE_VELOCITY, ct.POSITION_P_GAIN, ct.GOAL_PWM)] == [0, 800, 885]


def test_torque_on_holds_where_the_servo_is() -> None:
    joint = FreeJoint(servo())
    put(joint.servo, ct.GOAL_POSITION, 3000)
    joint.angle = 0.4
    joint.run(0.01)
    put(joint.servo, ct.TORQUE_ENABLE, 1)
    joint.run(0.5)
    assert joint.angle == pytest.approx(0.4, abs=0.01)


def test_torque_on_by_goal_where_the_drive_mode_says_so() -> None:
    joint = FreeJoint(servo())
    put(joint.servo, ct.DRIVE_MODE, 8)
    put(joint.servo, ct.GOAL_POSITION, 2500)
    assert get(joint.servo, ct.TORQUE_ENABLE) == 1
    joint.run(1.0)
    assert get(joint.servo, ct.PRESENT_POSITION) == pytest.approx(2500, abs=3)


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


def test_position_gains_make_a_spring_of_known_stiffness() -> None:
    joint = turning()
    joint.load = -1.0
    joint.run(2.0)
    # 800 / 128 PWM per count, 885 PWM for 4.1 Nm.
    expected = 1.0 / (800 / 128 * 4096 / math.tau / 885 * 4.1)
    assert -joint.angle == pytest.approx(expected, rel=0.05)


def test_integral_gain_takes_the_sag_away() -> None:
    joint = turning()
    put(joint.servo, ct.POSITION_I_GAIN, 500)
    joint.load = -1.0
    joint.run(3.0)
    assert joint.angle == pytest.approx(0.0, abs=0.01)


def point(servo: EmulatedServo, number: int, register: Register) -> None:
    """Let indirect data from a number on stand for a register."""
    for offset in range(register.size):
        target = register.address + offset
        servo.write(indirect.ADDRESSES[number - 1 + offset].address, target.to_bytes(2, "little"))


def test_indirect_data_stands_for_registers_far_apart() -> None:
    joint = turning()
    point(joint.servo, 1, ct.GOAL_POSITION)
    point(joint.servo, 5, ct.PROFILE_VELOCITY)
    point(joint.servo, 29, ct.PRESENT_POSITION)
    data = (2600).to_bytes(4, "little") + (800).to_bytes(4, "little")
    joint.servo.write(indirect.DATA[0].address, data)
    assert (get(joint.servo, ct.GOAL_POSITION), get(joint.servo, ct.PROFILE_VELOCITY)) == (2600, 800)
    assert joint.servo.read(indirect.DATA[0].address, 8) == data
    joint.run(2.0)
    position = int.from_bytes(joint.servo.read(indirect.DATA[28].address, 4), "little")
    assert position == get(joint.servo, ct.PRESENT_POSITION) == pytest.approx(2600, abs=3)


def test_indirect_writes_obey_the_rules_of_what_they_point_to() -> None:
    emulated = servo("shoulder")
    point(emulated, 1, ct.GOAL_POSITION)
    with pytest.raises(Refused) as raised:
        emulated.write(indirect.DATA[0].address, (100).to_bytes(4, "little"))
    assert raised.value.error == StatusError.DATA_LIMIT
    point(emulated, 1, ct.PRESENT_POSITION)
    with pytest.raises(Refused) as raised:
        emulated.write(indirect.DATA[0].address, (100).to_bytes(4, "little"))
    assert raised.value.error == StatusError.ACCESS
    assert refusal(emulated, indirect.ADDRESSES[0], ct.ID.address) == StatusError.DATA_RANGE


def test_indirect_data_that_points_nowhere_keeps_its_own_byte() -> None:
    emulated = servo()
    emulated.write(indirect.DATA[55].address, b"\x2a")
    assert emulated.read(indirect.DATA[55].address, 1) == b"\x2a"
    emulated.reboot()
    assert emulated.read(indirect.DATA[55].address, 1) == b"\0"
