"""A driver around a driver."""

import numpy as np
from jaxtyping import Float64

from clam_robot.hardware.joint_driver import JointDriver, JointState, ServoStatus


class DriverLayer:
    """A `JointDriver` that does what another one does; inherit what changes something.

    Args:
        driver: the other one.
    """

    def __init__(self, driver: JointDriver) -> None:
        self._driver = driver

    def connect(self) -> None:
        """See `JointDriver`."""
        self._driver.connect()

    def disconnect(self) -> None:
        """See `JointDriver`."""
        self._driver.disconnect()

    def read(self) -> JointState:
        """See `JointDriver`."""
        return self._driver.read()

    def command(self, position: Float64[np.ndarray, "6"]) -> None:
        """See `JointDriver`."""
        self._driver.command(position)

    def command_gripper(self, effort: float) -> None:
        """See `JointDriver`."""
        self._driver.command_gripper(effort)

    def prepare(self, *, profile_velocity: int, profile_acceleration: int) -> None:
        """See `JointDriver`."""
        self._driver.prepare(profile_velocity=profile_velocity, profile_acceleration=profile_acceleration)

    def servos(self) -> tuple[ServoStatus, ...]:
        """See `JointDriver`."""
        return self._driver.servos()

    def reboot(self, name: str) -> None:
        """See `JointDriver`."""
        self._driver.reboot(name)

    def set_torque(self, is_on: bool) -> None:
        """See `JointDriver`."""
        self._driver.set_torque(is_on)
