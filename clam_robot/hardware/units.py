"""Register counts to and from SI units.

A servo whose drive is reversed, or that has a homing offset, applies both itself: on the wire zero is 2048 for all.
"""

import numpy as np
from jaxtyping import Float64, Int64

from clam_robot.hardware.control_table import CURRENT_UNIT, PWM_MAX, VELOCITY_UNIT
from clam_robot.hardware.wx250s import COUNT, ZERO_COUNT


def radians_from_counts(counts: Int64[np.ndarray, "n"]) -> Float64[np.ndarray, "n"]:
    """Joint positions [rad] of Present_Position or Goal_Position."""
    return (counts - ZERO_COUNT) * COUNT


def counts_from_radians(position: Float64[np.ndarray, "n"]) -> Int64[np.ndarray, "n"]:
    """Nearest Goal_Position of joint positions [rad]."""
    return np.rint(position / COUNT).astype(np.int64) + ZERO_COUNT


def velocity_from_counts(counts: Int64[np.ndarray, "n"]) -> Float64[np.ndarray, "n"]:
    """Joint velocities [rad/s] of Present_Velocity."""
    return counts * VELOCITY_UNIT


def current_from_counts(counts: Int64[np.ndarray, "n"]) -> Float64[np.ndarray, "n"]:
    """Motor currents [mA] of Present_Current; of a servo without a current sensor the register is load [0.1 %]."""
    return counts * CURRENT_UNIT


def pwm_from_effort(effort: float) -> int:
    """Goal_PWM of an effort [-1 .. 1]."""
    return round(effort * PWM_MAX)
