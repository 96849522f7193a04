"""Where joints will be that follow set-points: behind them at first, and beyond them when they stop."""

import math

import numpy as np
from jaxtyping import Float64

# Of each joint on its servo, which pulls like a spring: frequency with the arm half stretched out, from the servos'
# gain and the links' inertia [rad/s], and damping ratio, from the motors' back-EMF.
_FREQUENCY = np.array([14.0, 16.0, 22.0, 29.0, 29.0, 25.0])
_DAMPING = np.array([0.3, 0.36, 0.5, 0.7, 0.7, 1.0])
_SWING = 0.16  # how long joints are looked for after the last set-point [s]
_STEP = 0.005  # [s]


def foresee(
    position: Float64[np.ndarray, "6"],
    velocity: Float64[np.ndarray, "6"],
    setpoints: Float64[np.ndarray, "steps 6"],
    period: float,
) -> Float64[np.ndarray, "positions 6"]:
    """Where joints will be while they follow set-points and settle at the last.

    Args:
        position: now [rad].
        velocity: now [rad/s].
        setpoints: to come, one per period [rad].
        period: between two of them [s].

    Returns:
        After every other period [rad].
    """
    substeps = max(1, round(period / _STEP))
    dt = period / substeps
    stiffness, damping = _FREQUENCY**2, 2.0 * _DAMPING * _FREQUENCY
    ways: list[np.ndarray] = []
    num_periods = len(setpoints) + math.ceil(_SWING / period)
    for index in range(num_periods):
        setpoint = setpoints[min(index, len(setpoints) - 1)]
        for _ in range(substeps):
            velocity = velocity + (stiffness * (setpoint - position) - damping * velocity) * dt
            position = position + velocity * dt
        if index % 2:
            ways.append(position)
    return np.array(ways)
