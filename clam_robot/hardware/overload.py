"""Overload: a current that lasts."""

from collections.abc import Sequence

from clam_robot.hardware.joint_driver import JointState
from clam_robot.hardware.safety_rules import overloaded


class OverloadTimer:
    """Names a joint whose effort stayed beyond its limit for too long.

    Args:
        limits: of each joint, as `SafetyLimits.effort`.
        patience: how long it may last [s].
    """

    def __init__(self, limits: Sequence[float], patience: float) -> None:
        self._limits = limits
        self._patience = patience
        self._since: dict[int, float] = {}

    def look_at(self, state: JointState) -> int | None:
        """The joint that is overloaded for longest by now, or None."""
        beyond = overloaded(state, self._limits)
        self._since = {joint: self._since.get(joint, state.time) for joint in beyond}
        late = [joint for joint, since in self._since.items() if state.time - since > self._patience]
        return min(late, key=lambda joint: self._since[joint], default=None)
