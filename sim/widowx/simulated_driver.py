"""A WidowX in this process: the emulated servos and their physics behind the interface of the real arm's drivers."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TypeVar

import numpy as np
from jaxtyping import Float64

from clam_robot.errors import DriverError, NotConnected, ServoSilent, StaleObservation
from clam_robot.hardware import control_table as ct
from clam_robot.hardware import wx250s
from clam_robot.hardware.bus_thread import PAUSE, Procedure
from clam_robot.hardware.joint_driver import JointState, ServoStatus
from clam_robot.hardware.joint_goal import goal_counts, require_effort, require_joint_goal, require_profile
from clam_robot.hardware.roll_call import roll_call
from clam_robot.hardware.sample import FIRST, LAST, Sample
from clam_robot.hardware.servo_bus import name_of
from clam_robot.hardware.servo_health import ServoHealth
from clam_robot.hardware.servo_restart import restart
from clam_robot.hardware.servo_setup import Profile, prepare, release_gripper, set_torque
from clam_robot.hardware.servo_status import read_status
from clam_robot.hardware.units import pwm_from_effort
from clam_robot.hardware.wx250s import GRIPPER_ID, IDS
from clam_robot.timing import Clock
from sim.widowx.arm_physics import ArmPhysics
from sim.widowx.bus import EmulatedBus
from sim.widowx.direct_bus import DirectBus
from sim.widowx.faults import Faults

STALE_AFTER = 0.2  # oldest state that `read` gives [s]
_READ_PERIOD = 0.1  # how often the servos hear something however rarely the driver is asked [s]
_PATIENCE = 0.02  # between two looks at a servo that restarts [s]
Result = TypeVar("Result")


class SimulatedDriver:
    """A `JointDriver` without threads, ports or waiting: physics catches up with the clock in every call.

    What it does with the servos is what `DynamixelDriver` does, with the same code for all that is slow; only nobody
    waits for a wire. On a manual clock equal calls give bit-equal motion. `reboot` lets the clock run until the servo
    is back.

    Attributes:
        physics: the arm in its scene, to set up and to look at.
        faults: what is wrong with the bus.
    """

    def __init__(self, physics: ArmPhysics, clock: Clock) -> None:
        self.physics = physics
        self.faults = Faults()
        self._clock = clock
        self._emulated = EmulatedBus(physics.servos, self.faults)
        self._bus = DirectBus(self._emulated)
        self._health = ServoHealth(self._bus)
        self._simulated_until = 0.0
        self._sample: Sample | None = None
        self._profile = Profile(velocity=2000, acceleration=300)
        self._is_connected = self._is_prepared = False

    def connect(self) -> None:
        """Find the servos; time begins to pass for them."""
        if self._is_connected:
            return
        self._bus.open()
        roll_call(self._bus)
        self._simulated_until = self._clock.now()
        self._is_connected, self._is_prepared, self._sample = True, False, None
        self._health.expect_torque(False)
        self._look()

    def disconnect(self) -> None:
        """Let go; the servos keep their torque, and time stands still for them."""
        if not self._is_connected:
            return
        self._catch_up()
        with suppress(DriverError):
            self._do(release_gripper(self._bus))
        self._bus.close()
        self._is_connected = False

    def read(self) -> JointState:
        """The state at the clock's time."""
        self._catch_up()
        self._look()
        if silence := self._silence():
            raise StaleObservation(silence)
        assert self._sample is not None
        return self._sample.joint_state()

    def command(self, position: Float64[np.ndarray, "6"]) -> None:
        """Set the joints' goals [rad]."""
        self._catch_up()
        goal = require_joint_goal(position)
        self._require_ready()
        self._bus.write_all(ct.GOAL_POSITION, goal_counts(goal))

    def command_gripper(self, effort: float) -> None:
        """Set the gripper's PWM [-1 closes .. 1 opens]."""
        self._catch_up()
        pwm = pwm_from_effort(require_effort(effort))
        self._require_ready()
        self._bus.write_all(ct.GOAL_PWM, {GRIPPER_ID: pwm})

    def prepare(self, *, profile_velocity: int, profile_acceleration: int) -> None:
        """Modes, goals where the arm is, torque, profile [ms]; all read back."""
        self._catch_up()
        require_profile(profile_velocity, profile_acceleration)
        profile = Profile(velocity=profile_velocity, acceleration=profile_acceleration)
        with self._unprepared():
            self._do(prepare(self._bus, profile))
            self._health.expect_torque(True)
        self._profile, self._is_prepared = profile, True

    def servos(self) -> tuple[ServoStatus, ...]:
        """Health and settings of all nine."""
        self._catch_up()
        return self._do(read_status(self._bus))

    def reboot(self, name: str) -> None:
        """Restart one servo, wait for it, and prepare it again as the others were."""
        self._catch_up()
        servo_id = wx250s.servo(name).id
        with self._unprepared():
            self._do(restart(self._bus, servo_id, self._clock, lambda *_: None))
        self.prepare(profile_velocity=self._profile.velocity, profile_acceleration=self._profile.acceleration)

    def set_torque(self, is_on: bool) -> None:
        """Switch the torque of all servos; on: they hold where they are."""
        self._catch_up()
        was_prepared = self._is_prepared
        with self._unprepared():
            self._do(set_torque(self._bus, is_on))
            self._health.expect_torque(is_on)
        self._is_prepared = was_prepared

    @contextmanager
    def _unprepared(self) -> Iterator[None]:
        self._is_prepared = False
        self._health.expect_torque(False)
        yield

    def _do(self, procedure: Procedure[Result]) -> Result:
        """All of a procedure, at one moment unless it asks for a pause."""
        while True:
            try:
                is_paused = next(procedure)
            except StopIteration as finished:
                return finished.value
            if is_paused is PAUSE:
                self._clock.sleep_until(self._clock.now() + _PATIENCE)
                self._catch_up()

    def _look(self) -> None:
        """Take a sample, if the servos give one."""
        sample = None
        with suppress(ServoSilent):
            replies = self._bus.read_all(IDS, FIRST, LAST)
            sample = self._sample = Sample.of(replies, self._clock.now())
        with suppress(ServoSilent):
            self._health(sample)

    def _require_ready(self) -> None:
        if silence := self._silence():
            raise ServoSilent(silence)
        if not self._is_prepared:
            raise DriverError("no commands before prepare(): the servos' modes and profile may be any")
        if not self._health.is_holding:
            raise DriverError("no commands while the torque is off; call set_torque(True)")
        if limp := self._health.limp:
            names = ", ".join(name_of(each) for each in sorted(limp))
            raise DriverError(f"{names} lost torque without an error and forgot the profile; call prepare()")

    def _silence(self) -> str:
        """Why there is no state to act on, empty when there is one."""
        if self._sample is None or self._clock.now() - self._sample.time > STALE_AFTER:
            self._look()  # nobody may have asked for a while
        age = np.inf if self._sample is None else self._clock.now() - self._sample.time
        if age <= STALE_AFTER:
            return ""
        silent = ", ".join(name_of(servo.id) for servo in self._emulated.silent) or "a servo"
        return f"no state of the simulated arm for {age:.2f} s: {silent} does not answer; repair its fault or reboot it"

    def _catch_up(self) -> None:
        if not self._is_connected:
            raise NotConnected("the simulated arm is not connected; call connect() first")
        now = self._clock.now()
        while self._simulated_until < now:
            # A driver of the real arm reads all the time, and a bus watchdog hears it.
            until = min(now, self._simulated_until + _READ_PERIOD)
            self._emulated.notice()
            self.physics.step(until - self._simulated_until)
            self._simulated_until = until
