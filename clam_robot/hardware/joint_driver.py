"""The joints of one WidowX, however they are reached: through ROS, over the servo bus, or simulated.

    WidowX ──> JointDriver ──┬── RosDriver        rospy -> xs_sdk node -> bus
                             ├── DynamixelDriver  dynamixel-sdk -> bus
                             └── SimulatedDriver  MuJoCo, in process (under `sim`)

Fast calls (`read`, `command`, `command_gripper`) never wait for the bus and may be made in every period of a loop.
Slow calls (`servos`, `prepare`, `reboot`, `set_torque`) talk to registers: they take up to seconds, belong outside the
loop, and are safe to make from another thread while the loop runs.
"""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float64

from clam_robot.hardware.control_table import HardwareError


@dataclass(frozen=True, kw_only=True)
class JointState:
    """What the servos measured at one moment.

    Attributes:
        time: when they were read, on the robot machine's clock [s].
        position: (6,) of the arm's joints [rad].
        velocity: (6,) [rad/s].
        effort: (6,) motor current [mA]; of wrist_rotate, an XL430, load [0.1 %].
        finger: distance of each finger from the middle [m].
        gripper_effort: load of the gripper's servo [0.1 %].
    """

    time: float
    position: Float64[np.ndarray, "6"]
    velocity: Float64[np.ndarray, "6"]
    effort: Float64[np.ndarray, "6"]
    finger: float
    gripper_effort: float


@dataclass(frozen=True, kw_only=True)
class ServoStatus:
    """What a servo's registers say of its health and settings.

    Attributes:
        name: of the servo (`wx250s.SERVOS`).
        model: number of its model.
        firmware: version.
        operating_mode: see `control_table.OperatingMode`.
        is_torque_on: whether it holds.
        profile_velocity: time of a move in a time profile [ms], 0 is unlimited speed.
        profile_acceleration: time to speed up [ms].
        low: lower position limit [rad].
        high: upper position limit [rad].
        error: hardware errors since the last reboot.
        temperature: [degree C].
        voltage: [V].
    """

    name: str
    model: int
    firmware: int
    operating_mode: int
    is_torque_on: bool
    profile_velocity: int
    profile_acceleration: int
    low: float
    high: float
    error: HardwareError
    temperature: float
    voltage: float


@runtime_checkable
class JointDriver(Protocol):
    """Constructors touch no device. `connect` and `disconnect` may be called twice."""

    def connect(self) -> None:
        """Open the way to the servos and wait for the first `JointState`; moves nothing and changes no torque.

        Raises:
            DriverError: no bus, node or servo; names what is missing, within a second or so, and what to do.
        """
        ...

    def disconnect(self) -> None:
        """Close it. The servos keep their torque and last command."""
        ...

    def read(self) -> JointState:
        """The newest state.

        Raises:
            NotConnected: connect() comes first.
            StaleObservation: it is older than the driver's limit; names the silent source.
        """
        ...

    def command(self, position: Float64[np.ndarray, "6"]) -> None:
        """Set the joints' goal [rad]; the servos get there within the profile that `prepare` wrote.

        Raises:
            NotConnected: connect() comes first.
            InvalidVector: wrong shape, NaN, infinite, or outside the joint limits: nothing is sent.
            DriverError: the bus or node is gone.
        """
        ...

    def command_gripper(self, effort: float) -> None:
        """Set the gripper's PWM [-1 closes with all its might .. 1 opens].

        Raises:
            NotConnected: connect() comes first.
            InvalidVector: not finite: nothing is sent.
            DriverError: the bus or node is gone.
        """
        ...

    def prepare(self, *, profile_velocity: int, profile_acceleration: int) -> None:
        """Make the arm ready for streaming without moving it.

        Writes modes (arm: position with a time profile; gripper: pwm), goals equal to the measured positions, torque
        on, and the time profile [ms], and reads all of it back. Never drops the torque of a servo that holds in the
        right mode. Call it again after a reboot.

        Raises:
            DriverError: a servo did not keep what was written, or must lose torque to change its mode; names it.
        """
        ...

    def servos(self) -> tuple[ServoStatus, ...]:
        """Health and settings of all nine, in the order of `wx250s.SERVOS`.

        Raises:
            DriverError: a servo does not answer; names it.
        """
        ...

    def reboot(self, name: str) -> None:
        """Restart one servo, which clears its hardware error and drops its torque meanwhile, and prepare it again.

        Raises:
            DriverError: it does not come back.
        """
        ...

    def set_torque(self, is_on: bool) -> None:
        """Switch the torque of all servos; on: goals are set to the measured positions first, so nothing jumps.

        Raises:
            DriverError: a servo does not answer; names it.
        """
        ...
