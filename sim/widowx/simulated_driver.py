"""A WidowX in this process: the emulated servos and their physics behind the interface of the real arm's drivers."""

import numpy as np
from jaxtyping import Float64

from clam_robot.errors import DriverError, InvalidVector, NotConnected, StaleObservation
from clam_robot.hardware import control_table as ct
from clam_robot.hardware import wx250s
from clam_robot.hardware.control_table import DriveMode, HardwareError, OperatingMode, Register
from clam_robot.hardware.joint_driver import JointState, ServoStatus
from clam_robot.timing import Clock
from sim.widowx.arm_physics import ArmPhysics
from sim.widowx.bus import ServoBus
from sim.widowx.faults import Faults
from sim.widowx.servo import BOOT_SECONDS
from sim.widowx.servo_client import ServoClient

STALE_AFTER = 0.2  # oldest state that `read` gives [s]
_ARM = tuple(wx250s.servo(name) for name in wx250s.JOINT_NAMES)
_GRIPPER = wx250s.servo(wx250s.GRIPPER)
_LOW, _HIGH = wx250s.joint_limits()
_LOW_COUNT, _HIGH_COUNT = [each.low_count for each in _ARM], [each.high_count for each in _ARM]


class SimulatedDriver:
    """A `JointDriver` without threads, ports or waiting: physics catches up with the clock in every call.

    Instructions go through the same bus, registers and firmware as those of a driver on the pseudo-terminal, only not
    through a wire. On a manual clock equal calls give bit-equal motion.

    Attributes:
        physics: the arm in its scene, to set up and to look at.
        faults: what is wrong with the bus.
    """

    def __init__(self, physics: ArmPhysics, clock: Clock) -> None:
        self.physics = physics
        self.faults = Faults()
        self._clock = clock
        self._client = ServoClient(ServoBus(physics.servos, self.faults))
        self._simulated_until = 0.0
        self._is_connected = False
        self._state: JointState | None = None
        self._profile: tuple[int, int] | None = None

    def connect(self) -> None:
        """Find the servos; time begins to pass for them."""
        if self._is_connected:
            return
        self._simulated_until = self._clock.now()
        for servo in wx250s.SERVOS:
            self._client.ping(servo)
        self._is_connected = True
        self._state = None
        self.read()

    def disconnect(self) -> None:
        """Let go; the servos keep their torque, and time stands still for them."""
        if self._is_connected:
            self._catch_up()
        self._is_connected = False

    def read(self) -> JointState:
        """The state at the clock's time."""
        self._catch_up()
        measured, silent = self._client.sync_read((*_ARM, _GRIPPER), ct.PRESENT_CURRENT, ct.PRESENT_POSITION)
        now = self._clock.now()
        if not silent:
            effort, velocity, position = np.array(measured, float).T
            effort[:6] *= [ct.CURRENT_UNIT if servo.model == wx250s.XM430 else 1.0 for servo in _ARM]
            angle = (position - wx250s.ZERO_COUNT) * wx250s.COUNT
            self._state = JointState(
                time=now,
                position=angle[:6],
                velocity=velocity[:6] * ct.VELOCITY_UNIT,
                effort=effort[:6],
                finger=wx250s.finger_position(float(angle[6])),
                gripper_effort=float(effort[6]),
            )
        if self._state is None or now - self._state.time > STALE_AFTER:
            raise StaleObservation(
                f"no answer from servo {silent} of the simulated arm for more than {STALE_AFTER} s; "
                "repair its fault or reboot it"
            )
        return self._state

    def command(self, position: Float64[np.ndarray, "6"]) -> None:
        """Set the joints' goals [rad]."""
        self._catch_up()
        goal = np.asarray(position, np.float64)
        if goal.shape != (wx250s.NUM_JOINTS,):
            raise InvalidVector(f"a command needs shape ({wx250s.NUM_JOINTS},), found {goal.shape}")
        for i, value in enumerate(goal):
            if not _LOW[i] <= value <= _HIGH[i]:
                raise InvalidVector(
                    f"{wx250s.JOINT_NAMES[i]} must be within {_LOW[i]:.5f} .. {_HIGH[i]:.5f} rad, found {value}", i
                )
        # The published limits in radians lie a fraction of a count outside those of the servos.
        counts = np.clip(wx250s.ZERO_COUNT + np.rint(goal / wx250s.COUNT), _LOW_COUNT, _HIGH_COUNT).astype(int)
        self._client.sync_write(_ARM, ct.GOAL_POSITION, counts.tolist())

    def command_gripper(self, effort: float) -> None:
        """Set the gripper's PWM [-1 closes .. 1 opens]."""
        self._catch_up()
        if not -1.0 <= effort <= 1.0:
            raise InvalidVector(f"the gripper's effort must be within -1 .. 1, found {effort}", 0)
        self._client.sync_write((_GRIPPER,), ct.GOAL_PWM, [round(effort * ct.PWM_MAX)])

    def prepare(self, *, profile_velocity: int, profile_acceleration: int) -> None:
        """Modes, goals where the arm is, torque, profile [ms]; all read back."""
        self._catch_up()
        self._profile = profile_velocity, profile_acceleration
        for servo in wx250s.SERVOS:
            self._prepare(servo, *self._profile)

    def servos(self) -> tuple[ServoStatus, ...]:
        """Health and settings of all nine."""
        self._catch_up()
        return tuple(self._status(servo) for servo in wx250s.SERVOS)

    def reboot(self, name: str) -> None:
        """Restart one servo, wait for it, and prepare it again as the others were."""
        self._catch_up()
        servo = wx250s.servo(name)
        self._client.reboot(servo)
        self._clock.sleep_until(self._clock.now() + 2.0 * BOOT_SECONDS)
        self._catch_up()
        if self._profile is not None:
            self._prepare(servo, *self._profile)

    def set_torque(self, is_on: bool) -> None:
        """Switch the torque of all servos; on: they hold where they are."""
        self._catch_up()
        for servo in wx250s.SERVOS:
            if is_on:
                self._hold(servo)
            else:
                self._client.write(servo, ct.TORQUE_ENABLE, 0)

    def _prepare(self, servo: wx250s.Servo, profile_velocity: int, profile_acceleration: int) -> None:
        is_gripper = servo is _GRIPPER
        mode = OperatingMode.PWM if is_gripper else OperatingMode.POSITION
        drive_mode = self._client.read(servo, ct.DRIVE_MODE)
        timed = drive_mode | DriveMode.TIME_PROFILE
        wanted: list[tuple[Register, int]] = [(ct.OPERATING_MODE, mode), (ct.DRIVE_MODE, timed)]
        has_torque = bool(self._client.read(servo, ct.TORQUE_ENABLE))
        for register, value in wanted:
            if self._client.read(servo, register) == value:
                continue
            if has_torque:
                raise DriverError(
                    f"{servo.name} holds with {register.name} {self._client.read(servo, register)}, needed is {value}; "
                    "support the arm, switch its torque off and prepare again"
                )
            self._client.write(servo, register, value)
        self._hold(servo)
        if not is_gripper:
            self._client.write(servo, ct.PROFILE_ACCELERATION, profile_acceleration)
            self._client.write(servo, ct.PROFILE_VELOCITY, profile_velocity)
            wanted += [(ct.PROFILE_ACCELERATION, profile_acceleration), (ct.PROFILE_VELOCITY, profile_velocity)]
        for register, value in (*wanted, (ct.TORQUE_ENABLE, 1)):
            if (found := self._client.read(servo, register)) != value:
                raise DriverError(f"{servo.name} has {register.name} {found}, written was {value}; reboot it")

    def _hold(self, servo: wx250s.Servo) -> None:
        """Torque on where the servo is; one that has torque keeps its goal."""
        if self._client.read(servo, ct.TORQUE_ENABLE):
            return
        if servo is not _GRIPPER:
            here = self._client.read(servo, ct.PRESENT_POSITION)
            self._client.write(servo, ct.GOAL_POSITION, min(max(here, servo.low_count), servo.high_count))
        self._client.write(servo, ct.TORQUE_ENABLE, 1)

    def _status(self, servo: wx250s.Servo) -> ServoStatus:
        def get(register: Register) -> int:
            return self._client.read(servo, register)

        return ServoStatus(
            name=servo.name,
            model=get(ct.MODEL_NUMBER),
            firmware=get(ct.FIRMWARE_VERSION),
            operating_mode=get(ct.OPERATING_MODE),
            is_torque_on=bool(get(ct.TORQUE_ENABLE)),
            profile_velocity=get(ct.PROFILE_VELOCITY),
            profile_acceleration=get(ct.PROFILE_ACCELERATION),
            low=(get(ct.MIN_POSITION_LIMIT) - wx250s.ZERO_COUNT) * wx250s.COUNT,
            high=(get(ct.MAX_POSITION_LIMIT) - wx250s.ZERO_COUNT) * wx250s.COUNT,
            error=HardwareError(get(ct.HARDWARE_ERROR_STATUS)),
            temperature=float(get(ct.PRESENT_TEMPERATURE)),
            voltage=get(ct.PRESENT_INPUT_VOLTAGE) * ct.VOLTAGE_UNIT,
        )

    def _catch_up(self) -> None:
        if not self._is_connected:
            raise NotConnected("the simulated arm is not connected; call connect() first")
        now = self._clock.now()
        self.physics.step(max(0.0, now - self._simulated_until))
        self._simulated_until = now
