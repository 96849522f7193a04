"""What a servo's registers hold, refuse and stand for."""

import math

import pytest

from clam_robot.hardware import control_table as ct
from clam_robot.hardware import wx250s
from clam_robot.hardware.control_table import DriveMode, OperatingMode, Register
from sim.widowx import indirect
from sim.widowx.memory import Refused
from sim.widowx.packet import StatusError
from sim.widowx.servo import EmulatedServo
from tests.sim.widowx.registers import get, put
from tests.sim.widowx.servos import refusal, servo, turning


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
