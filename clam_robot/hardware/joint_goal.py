"""What may be asked of the joints: checked before anything is sent, the same for every driver.

Past this point nothing checks: a NaN becomes zero radians on every joint in the vendor's node, and a profile of zero
is unlimited speed.
"""

import math

import numpy as np
from jaxtyping import Float64

from clam_robot.errors import DriverError, InvalidVector
from clam_robot.hardware.units import counts_from_radians
from clam_robot.hardware.wx250s import COUNT, JOINT_NAMES, NUM_JOINTS, joint_limits, servo

_LOW, _HIGH = joint_limits()
_SERVOS = tuple(servo(name) for name in JOINT_NAMES)
# Half of what a servo can resolve: a limit that was rounded to float32 on its way is still within.
_ROUNDING = 0.5 * COUNT


def require_joint_goal(position: np.ndarray) -> Float64[np.ndarray, "6"]:
    """A copy of a goal [rad] that is safe to send, clipped to the limits by no more than half a count.

    Raises:
        InvalidVector: wrong shape, NaN, infinite, or outside the joint limits; names the joint.
    """
    if np.shape(position) != (NUM_JOINTS,):
        raise InvalidVector(f"a joint goal has shape ({NUM_JOINTS},), found {np.shape(position)}: nothing was sent")
    goal = np.array(position, np.float64)
    for index, (name, value) in enumerate(zip(JOINT_NAMES, goal, strict=True)):
        if not math.isfinite(value):
            raise InvalidVector(f"{name} must be finite, found {value}: nothing was sent", index=index)
        if not _LOW[index] - _ROUNDING <= value <= _HIGH[index] + _ROUNDING:
            raise InvalidVector(
                f"{name} moves from {_LOW[index]:.5f} to {_HIGH[index]:.5f} rad, asked for {value:.5f}: "
                "nothing was sent",
                index=index,
            )
    return np.clip(goal, _LOW, _HIGH)


def goal_counts(goal: Float64[np.ndarray, "6"]) -> dict[int, int]:
    """Goal_Position by servo id of a goal [rad], within what each servo accepts."""
    counts = counts_from_radians(goal)
    return {
        each.id: min(max(int(count), each.low_count), each.high_count)
        for each, count in zip(_SERVOS, counts, strict=True)
    }


def require_effort(effort: float) -> float:
    """A gripper effort, clipped to [-1, 1].

    Raises:
        InvalidVector: not finite.
    """
    if not math.isfinite(effort):
        raise InvalidVector(f"the gripper's effort must be finite, found {effort}: nothing was sent", index=0)
    return min(max(effort, -1.0), 1.0)


def require_profile(velocity: int, acceleration: int) -> None:
    """Check a time profile [ms].

    Raises:
        DriverError: no time for a move, or more than half of it to speed up.
    """
    if velocity < 1:
        raise DriverError(
            f"a move must take 1 ms or more, found profile_velocity {velocity}: to the servos 0 is unlimited speed"
        )
    if not 0 <= 2 * acceleration <= velocity:
        raise DriverError(
            f"speeding up takes at most half of a move of {velocity} ms, found profile_acceleration {acceleration} ms"
        )
