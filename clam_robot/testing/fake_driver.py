"""Joints without an arm: they are where they were told to be, unless a test says otherwise."""

import threading

import numpy as np
from jaxtyping import Float64

from clam_robot.errors import DriverError, NotConnected, StaleObservation
from clam_robot.hardware import wx250s
from clam_robot.hardware.control_table import MODEL_NUMBERS, HardwareError, OperatingMode
from clam_robot.hardware.joint_driver import JointState, ServoStatus
from clam_robot.hardware.joint_goal import require_effort, require_joint_goal
from clam_robot.timing import Clock


class FakeDriver:
    """A `JointDriver` with perfect servos.

    Attributes:
        goals: every command, in order.
        efforts: every gripper command.
        effort: (6,) that the joints report [mA].
        is_silent: nothing new arrives any more.
        is_stuck: the joints stay where they are.
        is_broken: commands fail.
        errors: hardware errors by servo.
        profile: time of a move in the registers [ms].
    """

    def __init__(self, clock: Clock, position: tuple[float, ...] = wx250s.SLEEP) -> None:
        self._clock = clock
        self._position = np.array(position, np.float64)
        self._is_connected = False
        self._last: JointState | None = None
        self._lock = threading.Lock()
        self.goals: list[np.ndarray] = []
        self.efforts: list[float] = []
        self.effort = np.zeros(wx250s.NUM_JOINTS)
        self.is_silent = self.is_stuck = self.is_broken = False
        self.errors: dict[str, HardwareError] = {}
        self.profile = 0
        self.finger = 0.03
        self.is_torque_on = False

    def connect(self) -> None:
        self._is_connected = True

    def disconnect(self) -> None:
        self._is_connected = False

    def read(self) -> JointState:
        self._require_connected()
        if self.is_silent and self._last is not None:
            raise StaleObservation("no state of the fake joints")
        with self._lock:
            self._last = JointState(
                time=self._clock.now(),
                position=self._position.copy(),
                velocity=np.zeros(wx250s.NUM_JOINTS),
                effort=self.effort.copy(),
                finger=self.finger,
                gripper_effort=0.0,
            )
        return self._last

    def command(self, position: Float64[np.ndarray, "6"]) -> None:
        self._require_connected()
        if self.is_broken:
            raise DriverError("the fake bus is broken")
        goal = require_joint_goal(position)
        with self._lock:
            self.goals.append(goal.copy())
            if not self.is_stuck:
                self._position = goal.copy()

    def command_gripper(self, effort: float) -> None:
        self._require_connected()
        self.efforts.append(require_effort(effort))

    def prepare(self, *, profile_velocity: int, profile_acceleration: int) -> None:
        self._require_connected()
        self.profile, self.is_torque_on = profile_velocity, True

    def servos(self) -> tuple[ServoStatus, ...]:
        self._require_connected()
        return tuple(
            ServoStatus(
                name=servo.name,
                model=MODEL_NUMBERS[servo.model],
                firmware=45,
                operating_mode=OperatingMode.PWM if servo.name == wx250s.GRIPPER else OperatingMode.POSITION,
                is_torque_on=self.is_torque_on,
                profile_velocity=self.profile,
                profile_acceleration=10,
                low=(servo.low_count - wx250s.ZERO_COUNT) * wx250s.COUNT,
                high=(servo.high_count - wx250s.ZERO_COUNT) * wx250s.COUNT,
                error=self.errors.get(servo.name, HardwareError(0)),
                temperature=40.0,
                voltage=12.0,
            )
            for servo in wx250s.SERVOS
        )

    def reboot(self, name: str) -> None:
        self._require_connected()
        self.errors.pop(name, None)

    def set_torque(self, is_on: bool) -> None:
        self._require_connected()
        self.is_torque_on = is_on

    def _require_connected(self) -> None:
        if not self._is_connected:
            raise NotConnected("the fake driver is not connected")
