"""Where joints will be that follow set-points, and where they would be if they were stopped on the way."""

import functools
import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64
from scipy.linalg import expm

from clam_robot.hardware.wx250s import NUM_JOINTS

# Of each joint on its servo, which pulls like a spring: frequency with the arm half stretched out, from the servos'
# gain and the links' inertia [rad/s], and damping ratio, from the motors' back-EMF.
_FREQUENCY = np.array([14.0, 16.0, 22.0, 29.0, 29.0, 25.0])
_DAMPING = np.array([0.3, 0.36, 0.5, 0.7, 0.7, 1.0])
_SWING = 0.16  # how long joints are looked for after the last set-point [s]

# How far a joint goes that is stopped, at most, per speed at which it was told to [s]: 99 of 100 stops measured on the
# twin; the first two swing further the further the arm is stretched out. And what it goes at least.
_LONGEST_STOP = np.array([0.09, 0.09, 0.055, 0.025, 0.027, 0.012])
_SHORTEST_STOP = 0.4 * _LONGEST_STOP


@dataclass(frozen=True, kw_only=True)
class Way:
    """Joints at moments to come.

    Attributes:
        position: (moments, 6) [rad].
        velocity: (moments, 6) [rad/s].
    """

    position: Float64[np.ndarray, "moments 6"]
    velocity: Float64[np.ndarray, "moments 6"]

    def stops(self) -> Float64[np.ndarray, "stops 6"]:
        """Where joints may come to rest that are stopped at one of these moments, or before the first one [rad]."""
        return np.concatenate([self.position + each * self.velocity for each in (_SHORTEST_STOP, _LONGEST_STOP)])


def foresee(
    position: Float64[np.ndarray, "6"],
    velocity: Float64[np.ndarray, "6"],
    setpoints: Float64[np.ndarray, "steps 6"],
    period: float,
) -> Way:
    """Where joints will be while they follow set-points and settle at the last.

    Args:
        position: now [rad].
        velocity: now [rad/s].
        setpoints: to come, one per period [rad].
        period: between two of them [s].

    Returns:
        After every other period.
    """
    free = _transition(period)
    state, states = np.stack([position, velocity], axis=-1), list[np.ndarray]()
    for index in range(len(setpoints) + math.ceil(_SWING / period)):
        rest = np.zeros((NUM_JOINTS, 2))
        rest[:, 0] = setpoints[min(index, len(setpoints) - 1)]
        state = rest + np.einsum("jab,jb->ja", free, state - rest)
        if index % 2:
            states.append(state)
    way = np.array(states)
    return Way(position=way[..., 0], velocity=way[..., 1])


@functools.cache
def _transition(period: float) -> Float64[np.ndarray, "6 2 2"]:
    """From position beside the set-point and velocity to those one period later."""
    rates = [[[0.0, 1.0], [-(w**2), -2.0 * d * w]] for w, d in zip(_FREQUENCY, _DAMPING, strict=True)]
    return expm(period * np.array(rates))
