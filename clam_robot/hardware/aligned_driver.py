"""Joints whose states are stamped with the moment they were measured at: the one place where that is corrected."""

from dataclasses import replace

import numpy as np
from jaxtyping import Float64

from clam_robot.hardware.joint_driver import JointDriver, JointState, ServoStatus


class AlignedDriver:
    """A `JointDriver` that takes the state's latency off the stamps of another one; all else passes.

    Everything above it, the recorder and the loop too, reads corrected times and corrects nothing.

    Args:
        driver: whose stamps come late.
        latency: from a measurement to its stamp [s].
    """

    def __init__(self, driver: JointDriver, latency: float) -> None:
        self._driver, self._latency = driver, latency

    def connect(self) -> None:
        """Open the way to the servos."""
        self._driver.connect()

    def disconnect(self) -> None:
        """Close it."""
        self._driver.disconnect()

    def read(self) -> JointState:
        """The newest state, at the time it was measured."""
        state = self._driver.read()
        return replace(state, time=state.time - self._latency)

    def command(self, position: Float64[np.ndarray, "6"]) -> None:
        """Set the joints' goal [rad]."""
        self._driver.command(position)

    def command_gripper(self, effort: float) -> None:
        """Set the gripper's PWM."""
        self._driver.command_gripper(effort)

    def prepare(self, *, profile_velocity: int, profile_acceleration: int) -> None:
        """Make the arm ready for streaming."""
        self._driver.prepare(profile_velocity=profile_velocity, profile_acceleration=profile_acceleration)

    def servos(self) -> tuple[ServoStatus, ...]:
        """Health and settings of all nine."""
        return self._driver.servos()

    def reboot(self, name: str) -> None:
        """Restart one servo."""
        self._driver.reboot(name)

    def set_torque(self, is_on: bool) -> None:
        """Switch the torque of all servos."""
        self._driver.set_torque(is_on)
