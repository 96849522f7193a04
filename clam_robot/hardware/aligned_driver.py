"""Joints whose states are stamped with the moment they were measured at: the one place where that is corrected."""

from dataclasses import replace

from clam_robot.hardware.driver_layer import DriverLayer
from clam_robot.hardware.joint_driver import JointDriver, JointState


class AlignedDriver(DriverLayer):
    """A `JointDriver` that takes the state's latency off the stamps of another one; all else passes.

    Everything above it, the recorder and the loop too, reads corrected times and corrects nothing.

    Args:
        driver: whose stamps come late.
        latency: from a measurement to its stamp [s].
    """

    def __init__(self, driver: JointDriver, latency: float) -> None:
        super().__init__(driver)
        self._latency = latency

    def read(self) -> JointState:
        """The newest state, at the time it was measured."""
        state = super().read()
        return replace(state, time=state.time - self._latency)
