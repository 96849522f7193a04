"""What the vendor's xs_sdk node does, without ROS: commands and services on the servos of a wx250s.

Same modes, units, groups and effects, so that programs written for that node find what they expect, its gaps
included: a reboot leaves Profile_Velocity 0, a change of mode takes the torque off meanwhile. Four things differ, all
for the better: commands that are not finite are refused instead of read as zero, register work does not stall the
joint states, torque is switched on with the measured positions as goals, and a gripper that presses is eased when
nobody commands it any more.
"""

import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from clam_robot.errors import DriverError
from clam_robot.hardware import control_table as table
from clam_robot.hardware.bus_thread import BusThread, Procedure
from clam_robot.hardware.control_table import DriveMode, Register
from clam_robot.hardware.dynamixel_driver import DynamixelConfig, serial_port
from clam_robot.hardware.roll_call import roll_call
from clam_robot.hardware.sample import Sample
from clam_robot.hardware.serial_port import SerialPort
from clam_robot.hardware.servo_bus import ServoBus
from clam_robot.hardware.servo_health import ServoHealth
from clam_robot.hardware.servo_restart import restart
from clam_robot.hardware.servo_setup import (
    FOLLOWERS,
    GRIPPER_ID,
    GRIPPER_WATCHDOG,
    Profile,
    prepare,
    release_gripper,
    switch_torque,
)
from clam_robot.hardware.unheld_goals import SilenceConfig, UnheldGoals
from clam_robot.hardware.wx250s import GRIPPER
from clam_robot.hardware.xs_groups import MODES, MOTORS, UNHELD, goal_counts, joints_of
from clam_robot.timing import Clock

_log = logging.getLogger(__name__)
_START_PROFILE = Profile(velocity=2000, acceleration=300)
_SLOW = 15.0
GAINS = (
    table.POSITION_P_GAIN,
    table.POSITION_I_GAIN,
    table.POSITION_D_GAIN,
    table.FEEDFORWARD_1ST_GAIN,
    table.FEEDFORWARD_2ND_GAIN,
    table.VELOCITY_P_GAIN,
    table.VELOCITY_I_GAIN,
)


class XsSdk:
    """Owns the bus from `start` to `stop`. Methods may be called from any thread.

    As with the vendor's node, a request that makes no sense is logged and otherwise ignored.

    Args:
        setup: port and rates.
        clock: a real one.
        silence: what becomes of commands that nobody repeats.
        make_port: another port.

    Attributes:
        modes: of each motor, a key of `xs_groups.MODES`.
        profile_types: of each motor, "time" or "velocity".
    """

    def __init__(
        self,
        setup: DynamixelConfig,
        clock: Clock,
        *,
        silence: SilenceConfig | None = None,
        make_port: Callable[[DynamixelConfig], SerialPort] = serial_port,
    ) -> None:
        self.modes = {name: "pwm" if name == GRIPPER else "position" for name in MOTORS}
        self.profile_types = dict.fromkeys(MOTORS, "time")
        self._clock = clock
        self._bus = ServoBus(make_port(setup))
        self._health = ServoHealth(self._bus)
        self._unheld = UnheldGoals(clock, silence or SilenceConfig())
        self._commanding = threading.Lock()
        self._thread = BusThread(self._bus, clock, hz=setup.hz, watch=self._watch)

    def start(self) -> None:
        """Open the bus, find the servos and make them hold where they are.

        Raises:
            DriverError: no port, or a servo is missing or cannot be made ready; names it.
        """
        self._bus.open()
        try:
            roll_call(self._bus)
            self._thread.start()
            self._thread.run(prepare(self._bus, _START_PROFILE), timeout=_SLOW)
        except BaseException:
            self.stop()
            raise
        self._health.expect_torque(True)

    def stop(self) -> None:
        """Give the bus back; servos keep torque and goals, but a gripper that presses is eased. May be called twice."""
        if self._thread.is_alive:
            self._do("release the gripper", lambda: self._thread.run(self._leave(), timeout=1.0))
        self._thread.stop()
        self._bus.close()

    def next_sample(self, timeout: float) -> Sample | None:
        """The next state of the servos; None when there is none within `timeout` [s].

        Raises:
            DriverError: the port was lost.
        """
        sample = self._thread.next_sample(timeout)
        if sample is None and not self._thread.is_alive:
            raise self._thread.problem or DriverError("the servo bus is closed")
        return sample

    def command(self, cmd_type: str, name: str, commands: Sequence[float]) -> None:
        """Goals of a group or of one motor, in the units of their modes."""

        def send() -> None:
            joints = joints_of(cmd_type, name)
            if len(commands) != len(joints):
                raise ValueError(f"{name!r} takes {len(joints)} commands, found {len(commands)}")
            modes = {joint: self.modes[joint] for joint in joints}
            counts = {joint: goal_counts(modes[joint], x) for joint, x in zip(joints, commands, strict=True)}
            goals: dict[Register, dict[int, int]] = {}
            for joint, mode in modes.items():
                goals.setdefault(MODES[mode].goal, {})[MOTORS[joint]] = counts[joint]
            with self._commanding:
                for register, values in goals.items():
                    self._thread.set_goals(register, values)
                for joint, mode in modes.items():
                    self._unheld.note(joint, mode, counts[joint])

        self._do(f"command {name}", send)

    def set_modes(self, cmd_type: str, name: str, mode: str, profile_type: str, profile: Profile) -> None:
        """Mode, kind of profile and profile; the torque is off meanwhile."""

        def change(joint: str) -> Procedure[None]:
            ids = _with_followers(MOTORS[joint])
            yield from switch_torque(self._bus, dict.fromkeys(ids, 0))
            try:
                for servo_id in ids:
                    yield from self._write_mode(servo_id, mode, profile_type, profile)
            except DriverError:  # an XL430 has no current control, for one
                yield from switch_torque(self._bus, dict.fromkeys(ids, 1))
                raise
            if MOTORS[joint] == GRIPPER_ID:
                self._bus.write(GRIPPER_ID, table.BUS_WATCHDOG, 0)
                self._bus.write(GRIPPER_ID, table.BUS_WATCHDOG, GRIPPER_WATCHDOG if mode in UNHELD else 0)
                yield
            yield from switch_torque(self._bus, dict.fromkeys(ids, 1))
            self.modes[joint], self.profile_types[joint] = mode, profile_type
            self._forget([joint])

        def work() -> None:
            if mode not in MODES or profile_type not in ("time", "velocity"):
                raise ValueError(
                    f"modes are {', '.join(MODES)}, profiles time and velocity; found {mode}, {profile_type}"
                )
            with self._unwatched():
                self._each(cmd_type, name, change)

        self._do(f"set the mode of {name}", work)

    def set_torque(self, cmd_type: str, name: str, is_on: bool) -> None:
        """Torque of a group or of one motor; on: from where they are."""

        def work() -> None:
            ids = {each: int(is_on) for joint in joints_of(cmd_type, name) for each in _with_followers(MOTORS[joint])}
            self._health.expect_torque(False)
            self._thread.drop_goals()
            self._forget(joints_of(cmd_type, name))
            self._thread.run(switch_torque(self._bus, ids), timeout=_SLOW)
            self._health.expect_torque(is_on and name == "all")

        self._do(f"switch the torque of {name}", work)

    def reboot(self, cmd_type: str, name: str, is_on: bool, only_failed: bool) -> None:
        """Restart motors, or those of them that have a hardware error; their profile is zero afterwards."""

        def again(joint: str) -> Procedure[None]:
            servo_id = MOTORS[joint]
            if only_failed:
                error = self._bus.read(servo_id, table.HARDWARE_ERROR_STATUS)
                yield
                if not error:
                    return
            yield from restart(self._bus, servo_id, self._clock, self._thread.skip)
            self._forget([joint])
            if is_on:
                yield from switch_torque(self._bus, dict.fromkeys(_with_followers(servo_id), 1))

        with self._unwatched():
            self._do(f"reboot {name}", lambda: self._each(cmd_type, name, again))
        if not is_on:
            self._health.expect_torque(False)

    def set_gains(self, cmd_type: str, name: str, gains: Sequence[int]) -> None:
        """Gains in the order of `GAINS`."""
        for register, value in zip(GAINS, gains, strict=True):
            self.set_registers(cmd_type, name, register.name, value)

    def set_registers(self, cmd_type: str, name: str, register: str, value: int) -> None:
        """One register of a group or of one motor."""

        def write(joint: str) -> Procedure[None]:
            self._bus.write(MOTORS[joint], _register(register), value)
            yield

        self._do(f"set {register} of {name}", lambda: self._each(cmd_type, name, write))

    def get_registers(self, cmd_type: str, name: str, register: str) -> list[int]:
        """Values of one register; empty where one could not be read."""

        def read() -> Procedure[list[int]]:
            wanted = _register(register)
            ids = [MOTORS[joint] for joint in joints_of(cmd_type, name)]
            replies = self._bus.read_all(ids, wanted, wanted)
            yield
            return [replies[each].value(wanted, wanted.address) for each in ids]

        return self._do(f"read {register} of {name}", lambda: self._thread.run(read(), timeout=_SLOW)) or []

    def _watch(self, sample: Sample | None) -> None:
        with self._commanding:
            for register, values in self._unheld.ease().items():
                self._thread.set_goals(register, values)
        self._health(sample)

    def _leave(self) -> Procedure[None]:
        with self._commanding:
            eased = self._unheld.ease(at_once=True)
        for register, values in eased.items():
            self._bus.write_all(register, values)
            yield
        yield from release_gripper(self._bus)

    def _forget(self, joints: Sequence[str]) -> None:
        with self._commanding:
            for joint in joints:
                self._unheld.forget(joint)

    @contextmanager
    def _unwatched(self) -> Iterator[None]:
        """Torque may go meanwhile without a word in the log."""
        before = self._health.is_holding
        self._health.expect_torque(False)
        try:
            yield
        finally:
            self._health.expect_torque(before)

    def _write_mode(self, servo_id: int, mode: str, profile_type: str, profile: Profile) -> Procedure[None]:
        drive = self._bus.read(servo_id, table.DRIVE_MODE)
        yield
        timed = drive | DriveMode.TIME_PROFILE if profile_type == "time" else drive & ~DriveMode.TIME_PROFILE
        values: Mapping[Register, int] = {
            table.DRIVE_MODE: timed,
            table.OPERATING_MODE: MODES[mode].operating,
            table.PROFILE_VELOCITY: profile.velocity,
            table.PROFILE_ACCELERATION: profile.acceleration,
        }
        for register, value in values.items():
            self._bus.write(servo_id, register, value)
            yield

    def _each(self, cmd_type: str, name: str, procedure: Callable[[str], Procedure[None]]) -> None:
        """Run a procedure for one joint after the other; what one refuses does not keep the others from it."""
        for joint in joints_of(cmd_type, name):
            self._do(joint, lambda joint=joint: self._thread.run(procedure(joint), timeout=_SLOW))

    def _do(self, what: str, work: Callable[[], Any]) -> Any:  # noqa: ANN401
        try:
            return work()
        except (DriverError, ValueError) as error:
            _log.error("cannot %s: %s", what, error)
            return None


def _with_followers(servo_id: int) -> list[int]:
    return [servo_id, *(each for each, leader in FOLLOWERS.items() if leader == servo_id)]


def _register(name: str) -> Register:
    if name not in table.BY_NAME:
        raise ValueError(f"no register {name!r}; there are {', '.join(table.BY_NAME)}")
    return table.BY_NAME[name]
