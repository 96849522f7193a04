"""From where a hand-held thing is to how it moves: poses of WebXR to shares of full speed."""

from collections import deque

import numpy as np
from jaxtyping import Float64
from scipy.spatial.transform import Rotation

from teleop.device import AT_REST, Twist
from teleop.mapping import turned
from teleop.phone_message import Pose

_WINDOW = 0.12  # over which a velocity is measured [s]
_SHORTEST = 0.015  # between two poses that say something of a velocity [s]
# Messages without a new pose, after which the tracking counts as stuck.
_MOST_REPEATS = 3
# Faster than any hand: the tracking has found itself anew.
_JUMP, _JUMP_TURN = 4.0, 25.0  # [m/s], [rad/s]
# x right, y up, z backwards to x forwards, y left, z up.
_TO_PERSON = np.array([[0.0, 0.0, -1.0], [-1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])


class PoseVelocity:
    """How a tracked thing moves while the clutch is held.

    Args:
        full_speed: that counts as 1 [m/s].
        full_turn: likewise [rad/s].
    """

    def __init__(self, full_speed: float, full_turn: float) -> None:
        self._full = np.repeat([full_speed, full_turn], 3)
        self._poses: deque[Pose] = deque()
        self._repeats = 0

    def reset(self) -> None:
        """The clutch was opened: what comes next is measured from there."""
        self._poses.clear()
        self._repeats = 0

    def twist(self, pose: Pose) -> Twist:
        """Shares of full speed as the person sees them; at rest until two poses are known, after a jump, and stuck."""
        if self._poses and not self._poses[-1].time < pose.time:
            self._repeats += 1
            return self._now() if self._repeats <= _MOST_REPEATS else AT_REST
        self._repeats = 0
        if self._poses and _is_jump(self._poses[-1], pose):
            self.reset()
        self._poses.append(pose)
        while self._poses[0].time < pose.time - _WINDOW:
            self._poses.popleft()
        return self._now()

    def _now(self) -> Twist:
        first, last = self._poses[0], self._poses[-1]
        if last.time - first.time < _SHORTEST:
            return AT_REST
        shares = np.clip(_moved(first, last) / (last.time - first.time) / self._full, -1.0, 1.0)
        x, y, z, roll, pitch, yaw = (float(each) for each in shares)
        return x, y, z, roll, pitch, yaw


def _moved(first: Pose, last: Pose) -> Float64[np.ndarray, "6"]:
    """How far [m], then how much turned [rad], along and about forwards, left and up as the person looked."""
    linear = np.subtract(last.position, first.position)
    angular = (Rotation.from_quat(last.rotation) * Rotation.from_quat(first.rotation).inv()).as_rotvec()
    return np.concatenate([turned(_TO_PERSON @ each, -last.heading) for each in (linear, angular)])


def _is_jump(first: Pose, last: Pose) -> bool:
    seconds, moved = last.time - first.time, _moved(first, last)  # poses can be next to no time apart
    return bool(np.linalg.norm(moved[:3]) > _JUMP * seconds or np.linalg.norm(moved[3:]) > _JUMP_TURN * seconds)
