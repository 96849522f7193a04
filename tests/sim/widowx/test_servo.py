"""None"""

import math

import pytest

from clam_robot.hardware import control_table as ct
from clam_robot.hardware.control_table import OperatingMode
from tests.sim.widowx.registers import FreeJoint, get, put
from tests.sim.widowx.servos import servo, turning


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
