"""Each rule alone: what it lets through, what it changes, and that it never makes things worse."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import RigidTransform, Rotation

from clam_robot.hardware import safety_rules
from clam_robot.hardware.control_table import HardwareError
from clam_robot.hardware.joint_driver import JointState
from clam_robot.hardware.overload import OverloadTimer
from clam_robot.hardware.safety_rules import Reason
from clam_robot.hardware.wx250s import joint_limits
from clam_robot.testing.fake_driver import FakeDriver
from clam_robot.timing import ManualClock

VECTORS = st.tuples(*[st.floats(-1.0, 1.0)] * 3).map(np.array)


@given(VECTORS, VECTORS, VECTORS, VECTORS)
def test_the_commanded_pose_stays_near_the_measured_one(
    at: np.ndarray, turn: np.ndarray, measured_at: np.ndarray, measured_turn: np.ndarray
) -> None:
    commanded = RigidTransform.from_components(at, Rotation.from_rotvec(turn))
    measured = RigidTransform.from_components(measured_at, Rotation.from_rotvec(measured_turn))
    bounded = safety_rules.bound_drift(commanded, measured, 0.04, 0.3)
    away = np.linalg.norm(bounded.translation - measured.translation)
    angle = (bounded.rotation * measured.rotation.inv()).magnitude()
    assert away <= 0.04 + 1e-9
    assert angle <= 0.3 + 1e-6
    assert away <= np.linalg.norm(commanded.translation - measured.translation) + 1e-9


def test_a_pose_that_has_not_drifted_is_left_alone() -> None:
    measured = RigidTransform.from_translation([0.2, 0.0, 0.1])
    commanded = RigidTransform.from_translation([0.21, 0.01, 0.1])
    bounded = safety_rules.bound_drift(commanded, measured, 0.04, 0.3)
    np.testing.assert_allclose(bounded.as_matrix(), commanded.as_matrix(), atol=1e-12)


@given(VECTORS)
def test_a_point_is_kept_in_the_box(point: np.ndarray) -> None:
    low, high = (0.1, -0.3, 0.02), (0.5, 0.3, 0.4)
    kept = safety_rules.keep_in_box(point, low, high)
    assert (kept >= low).all() and (kept <= high).all()
    if (point >= low).all() and (point <= high).all():
        np.testing.assert_array_equal(kept, point)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 3.2, -3.2])
def test_positions_beyond_the_limits_or_not_finite_are_not_within(value: float) -> None:
    position = np.zeros(6)
    assert safety_rules.is_within_limits(position)
    position[3] = value
    assert not safety_rules.is_within_limits(position)
    assert not safety_rules.is_within_limits(np.stack([np.zeros(6), position]))


def test_the_limits_themselves_are_within() -> None:
    assert safety_rules.is_within_limits(np.stack(joint_limits()))


@pytest.mark.parametrize(("time", "is_stale"), [(9.9, False), (9.7, True), (10.3, True), (np.nan, True)])
def test_what_is_too_old_or_from_the_future_or_no_time_is_stale(time: float, is_stale: bool) -> None:
    assert safety_rules.is_stale(time, 10.0, 0.2) == is_stale


def test_a_joint_away_from_its_set_point_does_not_follow() -> None:
    measured = np.zeros(6)
    assert safety_rules.is_following(measured, np.full(6, 0.3), 0.35)
    assert not safety_rules.is_following(measured, np.eye(6)[2], 0.35)
    assert not safety_rules.is_following(np.full(6, np.nan), measured, 0.35)


def _state(time: float, effort: float) -> JointState:
    return JointState(
        time=time,
        position=np.zeros(6),
        velocity=np.zeros(6),
        effort=np.eye(6)[1] * effort,
        finger=0.02,
        gripper_effort=0.0,
    )


def test_an_overload_counts_only_when_it_lasts() -> None:
    timer = OverloadTimer([1000.0] * 6, patience=0.5)
    assert [timer.look_at(_state(t, -1500.0)) for t in (0.0, 0.3)] == [None, None]
    assert timer.look_at(_state(0.4, 900.0)) is None
    assert [timer.look_at(_state(t, 1500.0)) for t in (0.5, 0.9, 1.1)] == [None, None, 1]


def _servos(**faults: object) -> tuple[FakeDriver, list[tuple[Reason, str]]]:
    driver = FakeDriver(ManualClock())
    driver.connect()
    driver.prepare(profile_velocity=40, profile_acceleration=10)
    for name, value in faults.items():
        setattr(driver, name, value)
    return driver, safety_rules.complaints(driver.servos(), 65.0, 40)


def test_healthy_servos_give_no_complaint() -> None:
    assert _servos()[1] == []


def test_a_servo_in_error_is_named() -> None:
    _, found = _servos(errors={"elbow": HardwareError.OVERLOAD})
    assert found == [(Reason.SERVO_ERROR, "elbow reports OVERLOAD")]


def test_lost_torque_and_a_lost_speed_limit_are_named() -> None:
    assert {reason for reason, _ in _servos(is_torque_on=False)[1]} == {Reason.TORQUE_OFF}
    reasons = [(reason, detail) for reason, detail in _servos(profile=0)[1]]
    assert {reason for reason, _ in reasons} == {Reason.SPEED_LIMIT}
    assert len(reasons) == 8
    assert reasons[0][1] == "waist has profile 0 ms, expected 40"


def test_heat_is_named() -> None:
    driver, _ = _servos()
    assert {reason for reason, _ in safety_rules.complaints(driver.servos(), 39.0, 40)} == {Reason.TEMPERATURE}
