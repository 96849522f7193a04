"""Whether a way leads past everything: its set-points, and the joints that follow them late and swing beyond."""

import math

import numpy as np
from jaxtyping import Float64

from clam_robot.hardware import safety_rules
from clam_robot.hardware.foresight import foresee
from clam_robot.hardware.workspace import Workspace
from clam_robot.hardware.wx250s import joint_limits


class Clearance:
    """Judges ways through joint space.

    Set-points keep the whole clearance. Joints cut corners, swing beyond, and go on for a while when they are stopped:
    they are foreseen, and may use up half of it.

    Args:
        workspace: arm, table and boxes.
        period: between two set-points [s].
    """

    def __init__(self, workspace: Workspace, period: float) -> None:
        self._workspace = workspace
        self._period = period

    def is_clear(
        self,
        setpoints: Float64[np.ndarray, "steps 6"],
        setpoint: Float64[np.ndarray, "6"],
        position: Float64[np.ndarray, "6"],
        velocity: Float64[np.ndarray, "6"],
    ) -> bool:
        """Whether set-points and joints are within limits and clear all the way, stopped anywhere or not.

        Args:
            setpoints: to come, one per period, the last one at rest [rad].
            setpoint: now [rad].
            position: of the joints now [rad].
            velocity: of the joints now [rad/s].
        """
        if not safety_rules.is_within_limits(setpoints):
            return False
        way = foresee(position, velocity, setpoints, self._period)
        foreseen = np.concatenate([way.position, way.stops()])
        if (_beyond_limits(foreseen).max(axis=0) > _beyond_limits(position)).any():
            return False
        is_clear = self.is_no_nearer(setpoints, setpoint) and self.is_no_nearer(foreseen, position, _FORESEEN)
        return is_clear and (self.may_rest(position) or self._leads_away(setpoints, setpoint, position, velocity))

    def _leads_away(
        self,
        setpoints: Float64[np.ndarray, "steps 6"],
        setpoint: Float64[np.ndarray, "6"],
        position: Float64[np.ndarray, "6"],
        velocity: Float64[np.ndarray, "6"],
    ) -> bool:
        """Whether joints that are too near come no nearer, however far friction keeps them from their set-points."""
        beside = setpoints + (position - setpoint)
        way = foresee(position, velocity, beside, self._period)
        return self.is_no_nearer(np.concatenate([beside, way.position, way.stops()]), position, _FORESEEN)

    def is_clear_at_rest(self, end: Float64[np.ndarray, "6"], setpoint: Float64[np.ndarray, "6"]) -> bool:
        """Whether set-points that are here now may rest there [rad]."""
        return self.is_no_nearer(end[None], setpoint)

    def may_rest(self, position: Float64[np.ndarray, "6"]) -> bool:
        """Whether joints that were stopped may stay there [rad]."""
        return not self._workspace.nearness(position, share=_FORESEEN)

    def is_closing_in(self, position: Float64[np.ndarray, "6"], before: Float64[np.ndarray, "6"]) -> bool:
        """Whether joints are nearer to something than any way leads, and nearer than they were before [rad]."""
        return not self.is_no_nearer(position[None], before, _GUARDED, slack=_CREEP * self._period)

    def is_no_nearer(
        self,
        positions: Float64[np.ndarray, "steps 6"],
        here: Float64[np.ndarray, "6"],
        share: float = 1.0,
        slack: float = 0.0,
    ) -> bool:
        """Whether all positions [rad] are clear; what is too near here already may only come apart.

        Args:
            positions: to go to.
            here: where they begin.
            share: of the clearance.
            slack: that much nearer is none [m].
        """
        allowed: dict[tuple[str, str], float] = {}
        for near in self._workspace.nearness(here, share=share):  # nearest first
            allowed.setdefault((near.first, near.second), near.distance - slack)
        return not any(
            near.distance < allowed.get((near.first, near.second), math.inf)
            for each in self._workspace.nearness_along(positions, share=share)
            for near in each
        )


# Links that come nearer this slowly do so while they begin to come apart, or under a load [m/s].
_CREEP = 0.02
# Shares of the clearance that joints keep where they are foreseen, and where they are.
_FORESEEN, _GUARDED = 0.5, 0.25


def _beyond_limits(position: Float64[np.ndarray, "*any 6"]) -> Float64[np.ndarray, "*any 6"]:
    """How far joints are outside their limits, zero within [rad]."""
    low, high = joint_limits()
    return np.maximum(0.0, np.maximum(low - position, position - high))
