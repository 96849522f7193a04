"""Remembers what the servos were told last."""

import numpy as np
from jaxtyping import Float64

from clam_robot.hardware.driver_layer import DriverLayer
from clam_robot.hardware.joint_driver import JointDriver


class GoalKeeper(DriverLayer):
    """A `JointDriver` that keeps the newest goal, from which the servos' sag is told."""

    def __init__(self, driver: JointDriver) -> None:
        super().__init__(driver)
        self._goal: Float64[np.ndarray, 6] | None = None

    def command(self, position: Float64[np.ndarray, "6"]) -> None:
        """Set the joints' goals [rad]."""
        super().command(position)
        self._goal = position.copy()

    def goal(self) -> Float64[np.ndarray, "6"] | None:
        """The newest [rad]; None before the first."""
        return self._goal
