"""When joints have arrived: set-points rest before they do."""

import numpy as np
from jaxtyping import Float64

from clam_robot.hardware.joint_driver import JointState


class Stay:
    """Whether joints stay near a set-point.

    Args:
        within: of it [rad].
        settle: for how long, by the times of the states [s].
    """

    def __init__(self, *, within: float, settle: float) -> None:
        self._within, self._settle = within, settle
        self._since: float | None = None

    def look_at(self, state: JointState, setpoint: Float64[np.ndarray, "6"]) -> bool:
        """Whether this state and all that were shown before it, back to `settle` ago, are near."""
        if np.abs(state.position - setpoint).max() > self._within:
            self._since = None
            return False
        if self._since is None:
            self._since = state.time
        return state.time - self._since >= self._settle
