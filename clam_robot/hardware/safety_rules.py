"""Rules between what a policy wants and what the arm does. Each is a pure function with a name for the log.

Where a rule changes something it returns the nearest thing that is allowed; who compares knows whether it did.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from jaxtyping import Float64
from scipy.spatial.transform import RigidTransform, Rotation

from clam_robot import config
from clam_robot.hardware.joint_driver import JointState, ServoStatus
from clam_robot.hardware.wx250s import joint_limits


class Reason(StrEnum):
    """Why something else was done than was asked for."""

    BOUNDS = "bounds"
    DRIFT = "drift"
    WORKSPACE = "workspace"
    UNREACHABLE = "unreachable"
    CLEARANCE = "clearance"
    STRAIN = "strain"
    STALE_STATE = "stale_state"
    TRACKING = "tracking"
    OVERLOAD = "overload"
    SERVO_ERROR = "servo_error"
    TORQUE_OFF = "torque_off"
    TEMPERATURE = "temperature"
    SPEED_LIMIT = "speed_limit"
    SELF_TEST = "self_test"
    DRIVER = "driver"
    LOST = "lost"
    POLICY = "policy"
    STOPPED = "stopped"


@dataclass(frozen=True, kw_only=True)
class SafetyLimits(config.Strict):
    """What the rules allow.

    Attributes:
        drift: furthest the commanded tool may be from the measured one [m].
        drift_angle: the same for its orientation [rad].
        state_age: oldest joint state to act on [s].
        silence: without a state or a set-point for this long the arm is not only held but stopped until a person
            looks at it [s].
        tracking: largest distance of a joint from its set-point [rad].
        holding: largest torque of each joint that a posture may take to hold: somewhat under half of what stalls its
            servos, which they would not bear for long [Nm].
        effort: largest motor current of each joint [mA], for wrist_rotate load [0.1 %].
        effort_time: how long it may last [s].
        temperature: hottest servo [degree C].
    """

    drift: float = 0.04
    drift_angle: float = 0.3
    state_age: float = 0.25
    silence: float = 1.0
    tracking: float = 0.35
    holding: tuple[float, ...] = (1.9, 3.85, 3.85, 1.9, 1.9, 0.4)
    effort: tuple[float, ...] = (1360.0, 1700.0, 1020.0, 1020.0, 1020.0, 900.0)
    effort_time: float = 0.5
    temperature: float = 65.0


def bound_drift(commanded: RigidTransform, measured: RigidTransform, distance: float, angle: float) -> RigidTransform:
    """The pose nearest to `commanded` within `distance` [m] and `angle` [rad] of `measured`."""
    offset = commanded.translation - measured.translation
    turn = (commanded.rotation * measured.rotation.inv()).as_rotvec()
    return RigidTransform.from_components(
        measured.translation + _shortened(offset, distance),
        Rotation.from_rotvec(_shortened(turn, angle)) * measured.rotation,
    )


def keep_in_box(
    position: Float64[np.ndarray, "3"], low: Sequence[float], high: Sequence[float]
) -> Float64[np.ndarray, "3"]:
    """The nearest point within the box [m]."""
    return np.clip(position, low, high)


def is_within_limits(position: Float64[np.ndarray, "... 6"]) -> bool:
    """Whether all joint positions [rad] are finite and within the joints' limits."""
    low, high = joint_limits()
    return bool(np.isfinite(position).all() and (position >= low).all() and (position <= high).all())


def is_strained(torque: Float64[np.ndarray, "6"], before: Float64[np.ndarray, "6"], limits: Sequence[float]) -> bool:
    """Whether any joint would hold more than its limit, and more than it does before [Nm]."""
    return bool((np.abs(torque) > np.maximum(limits, np.abs(before))).any())


def is_stale(time: float, now: float, age: float) -> bool:
    """Whether something measured at `time` is older than `age` [s]; a time from the future is no better."""
    return not -age <= now - time <= age


def is_following(measured: Float64[np.ndarray, "6"], setpoint: Float64[np.ndarray, "6"], tracking: float) -> bool:
    """Whether every joint is within `tracking` [rad] of its set-point."""
    return bool((np.abs(measured - setpoint) <= tracking).all())


def overloaded(state: JointState, limits: Sequence[float]) -> list[int]:
    """Joints whose effort is beyond its limit."""
    return [i for i, (effort, limit) in enumerate(zip(np.abs(state.effort), limits, strict=True)) if effort > limit]


def complaints(servos: Sequence[ServoStatus], temperature: float, profile_velocity: int) -> list[tuple[Reason, str]]:
    """What is wrong with the servos, each with its reason.

    Args:
        servos: as read.
        temperature: hottest allowed [degree C].
        profile_velocity: what the arm's servos must have [ms]; 0 would be unlimited speed.
    """
    found: list[tuple[Reason, str]] = []
    for servo in servos:
        if servo.error:
            found.append((Reason.SERVO_ERROR, f"{servo.name} reports {servo.error.name}"))
        if not servo.is_torque_on:
            found.append((Reason.TORQUE_OFF, f"{servo.name} has no torque"))
        if servo.temperature > temperature:
            found.append(
                (Reason.TEMPERATURE, f"{servo.name} is at {servo.temperature:.0f} °C, limit {temperature:.0f}")
            )
        is_arm = servo.name != "gripper"
        if is_arm and servo.profile_velocity != profile_velocity:
            found.append(
                (
                    Reason.SPEED_LIMIT,
                    f"{servo.name} has profile {servo.profile_velocity} ms, expected {profile_velocity}",
                )
            )
    return found


def _shortened(vector: Float64[np.ndarray, "3"], length: float) -> Float64[np.ndarray, "3"]:
    norm = float(np.linalg.norm(vector))
    return vector if norm <= length else vector * (length / norm)
