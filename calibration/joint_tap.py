"""Listens in between a robot and its driver."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float64

from clam_robot.hardware.aligned_driver import AlignedDriver
from clam_robot.hardware.joint_driver import JointDriver
from clam_robot.timing import Clock


class JointTap(AlignedDriver):
    """A `JointDriver` that tells of every set-point on its way to another one; nothing else changes.

    Args:
        driver: of the arm.
        clock: the robot's.
        heard: given the time of each set-point [s] and the joints [rad], in the thread that commands; returns at once.
    """

    def __init__(
        self, driver: JointDriver, clock: Clock, heard: Callable[[float, Float64[np.ndarray, "6"]], None]
    ) -> None:
        super().__init__(driver, 0.0)
        self._clock, self._heard = clock, heard

    def command(self, position: Float64[np.ndarray, "6"]) -> None:
        """Set the joints' goal [rad]."""
        self._heard(self._clock.now(), position.copy())
        super().command(position)
