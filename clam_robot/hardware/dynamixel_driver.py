"""The arm's joints over its own servo bus, without ROS."""

import logging
import math
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from clam_robot import config
from clam_robot.errors import ConfigError, DriverError, NotConnected, PortUnavailable, ServoSilent, StaleObservation
from clam_robot.hardware import wx250s
from clam_robot.hardware.bus_thread import BusThread
from clam_robot.hardware.control_table import GOAL_POSITION, GOAL_PWM
from clam_robot.hardware.joint_driver import JointState, ServoStatus
from clam_robot.hardware.joint_goal import goal_counts, require_effort, require_joint_goal, require_profile
from clam_robot.hardware.roll_call import find_slow_replies, roll_call
from clam_robot.hardware.serial_port import BAUD, SerialPort
from clam_robot.hardware.servo_bus import ServoBus, name_of
from clam_robot.hardware.servo_health import ServoHealth
from clam_robot.hardware.servo_restart import restart
from clam_robot.hardware.servo_setup import Profile, prepare, release_gripper, set_torque
from clam_robot.hardware.servo_status import read_status
from clam_robot.hardware.units import pwm_from_effort
from clam_robot.hardware.wx250s import GRIPPER_ID
from clam_robot.timing import Clock

_log = logging.getLogger(__name__)
_FIRST_SAMPLE = 1.0  # [s]
_SLOW = 10.0  # procedures take a second at most; the rest is for a bus with faults [s]
# Where nobody wrote a profile before a reboot: two seconds a move, as the vendor starts.
_GENTLE = Profile(velocity=2000, acceleration=300)


@dataclass(frozen=True, kw_only=True)
class DynamixelConfig(config.Strict):
    """How to reach the servos.

    Attributes:
        port: serial device, as made by the vendor's udev rule.
        baud: [bit/s].
        hz: reads per second.
        stale_after: age at which a state is too old to act on [s].
        reply_timeout: how long a servo may think before it answers [s]; more where a twin shares a busy machine.
    """

    port: str = "/dev/ttyDXL"
    baud: int = BAUD
    hz: float = 100.0
    stale_after: float = 0.2
    reply_timeout: float = 0.034

    def __post_init__(self) -> None:
        for name, low, high in (("hz", 5.0, 1000.0), ("reply_timeout", 1e-3, 10.0), ("stale_after", 1e-3, 60.0)):
            if not low <= getattr(self, name) <= high:
                raise ConfigError(f"{name}: expected {low:g} to {high:g}, found {getattr(self, name)}")


def serial_port(setup: DynamixelConfig) -> SerialPort:
    """The port of a servo bus, not yet opened."""
    return SerialPort(setup.port, baud=setup.baud, reply_timeout=setup.reply_timeout)


class DynamixelDriver:
    """A `JointDriver`. One thread owns the bus; fast calls only swap values with it.

    Commands are accepted after `prepare`, and again only after another `prepare` when a servo lost its torque by
    itself: what restarts has forgotten its profile and would move at full speed.

    Args:
        setup: port and rates.
        clock: a real one.
        make_port: another port, for a bus that is not a serial device.
    """

    def __init__(
        self,
        setup: DynamixelConfig,
        clock: Clock,
        *,
        make_port: Callable[[DynamixelConfig], SerialPort] = serial_port,
    ) -> None:
        self._setup, self._clock = setup, clock
        self._bus = ServoBus(make_port(setup))
        self._health = ServoHealth(self._bus)
        self.thread = BusThread(self._bus, clock, hz=setup.hz, watch=self._health)
        self._profile = _GENTLE
        self._is_connected = self._is_prepared = False
        self._suspension = ""
        self._slow = threading.RLock()

    def connect(self) -> None:
        if self._is_connected:
            return
        self._is_prepared = False
        self._health.expect_torque(False)
        self._bus.open()
        try:
            roll_call(self._bus)
            if slow := find_slow_replies(self._bus):
                _log.warning("%s", slow)
            self.thread.start()
            self._await_sample()
        except BaseException:
            self._close()
            raise
        self._is_connected = True

    def disconnect(self) -> None:
        if not self._is_connected:
            return
        self._is_connected = False
        if self._health.is_holding and self.thread.is_alive:
            with suppress(DriverError):  # the bus is gone: the watchdog does what it is for
                self.thread.run(release_gripper(self._bus), timeout=_FIRST_SAMPLE)
        self._close()

    def read(self) -> JointState:
        self._require_connected()
        sample, silence = self.thread.sample, self._silence()
        if sample is None or silence:
            raise StaleObservation(silence)
        return sample.joint_state()

    def command(self, position: Float64[np.ndarray, "6"]) -> None:
        self._require_connected()
        goal = require_joint_goal(position)
        self._require_ready()
        self.thread.set_goals(GOAL_POSITION, goal_counts(goal))

    def command_gripper(self, effort: float) -> None:
        self._require_connected()
        pwm = pwm_from_effort(require_effort(effort))
        self._require_ready()
        self.thread.set_goals(GOAL_PWM, {GRIPPER_ID: pwm})

    def prepare(self, *, profile_velocity: int, profile_acceleration: int) -> None:
        self._require_connected()
        require_profile(profile_velocity, profile_acceleration)
        profile = Profile(velocity=profile_velocity, acceleration=profile_acceleration)
        with self._suspended("the servos are being prepared"):
            self.thread.run(prepare(self._bus, profile), timeout=_SLOW)
            self._health.expect_torque(True)
            self._profile, self._is_prepared = profile, True

    def servos(self) -> tuple[ServoStatus, ...]:
        self._require_connected()
        return self.thread.run(read_status(self._bus), timeout=_SLOW)

    def reboot(self, name: str) -> None:
        self._require_connected()
        servo_id = wx250s.servo(name).id
        with self._suspended(f"{name} restarts"):
            self.thread.run(restart(self._bus, servo_id, self._clock, self.thread.skip), timeout=_SLOW)
        self.prepare(profile_velocity=self._profile.velocity, profile_acceleration=self._profile.acceleration)

    def set_torque(self, is_on: bool) -> None:
        self._require_connected()
        with self._slow:
            was_prepared = self._is_prepared
            with self._suspended("the torque is being switched"):
                self.thread.run(set_torque(self._bus, is_on), timeout=_SLOW)
                self._health.expect_torque(is_on)
                self._is_prepared = was_prepared

    @contextmanager
    def _suspended(self, reason: str) -> Iterator[None]:
        """Refuse commands meanwhile, and afterwards too if it fails."""
        with self._slow:
            self._suspension, self._is_prepared = reason, False
            self._health.expect_torque(False)
            self.thread.drop_goals()
            try:
                yield
            finally:
                self._suspension = ""

    def _require_connected(self) -> None:
        if not self._is_connected:
            raise NotConnected(f"the arm on {self._setup.port} is not connected; call connect() first")

    def _require_ready(self) -> None:
        if isinstance(self.thread.problem, PortUnavailable):
            raise PortUnavailable(str(self.thread.problem))
        if silence := self._silence():
            raise ServoSilent(silence)
        if self._suspension:
            raise DriverError(f"no commands while {self._suspension}")
        if not self._is_prepared:
            raise DriverError("no commands before prepare(): the servos' modes and profile may be any")
        if not self._health.is_holding:
            raise DriverError("no commands while the torque is off; call set_torque(True)")
        if limp := self._health.limp:
            names = ", ".join(name_of(each) for each in sorted(limp))
            raise DriverError(
                f"{names} lost torque without an error and forgot the profile; prepare() sets both, as "
                "does a stop that is cleared"
            )

    def _silence(self) -> str:
        """Why there is no state to act on, empty when there is one."""
        sample, problem = self.thread.sample, self.thread.problem
        if not self.thread.is_alive:
            return str(problem or f"the bus on {self._setup.port} is closed")
        age = math.inf if sample is None else self._clock.now() - sample.time
        if age <= self._setup.stale_after:
            return ""
        cause = problem or self._suspension or "the bus is slow"
        return f"no state of the arm from {self._setup.port} for {age:.2f} s: {cause}"

    def _await_sample(self) -> None:
        deadline = self._clock.now() + _FIRST_SAMPLE
        while self.thread.sample is None:
            if not self.thread.is_alive or self._clock.now() > deadline:
                raise ServoSilent(self._silence())
            self._clock.sleep_until(self._clock.now() + 1e-3)

    def _close(self) -> None:
        self.thread.stop()
        self._bus.close()
