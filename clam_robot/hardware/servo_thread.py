"""The thread that streams set-points, whatever else is slow, silent or gone."""

import logging
import math
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Float64

from clam_robot.errors import ClamRobotError, PortUnavailable, RobotError, ServoSilent, StaleObservation
from clam_robot.hardware import safety_rules
from clam_robot.hardware.arm_controller import ArmController, Executed
from clam_robot.hardware.joint_driver import JointDriver, JointState
from clam_robot.hardware.overload import OverloadTimer
from clam_robot.hardware.safety_rules import Reason, SafetyLimits
from clam_robot.hardware.standstill import Standstill
from clam_robot.hardware.stay import Stay
from clam_robot.hardware.stop_latch import StopLatch
from clam_robot.hardware.wx250s import JOINT_NAMES
from clam_robot.timing import Clock, Rate

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Leg:
    """Part of a way through joint space.

    Attributes:
        position: (6,) where it ends [rad].
        is_checked: False for the way onto and off the arm's own rest, where links come near one another.
        velocity: of the fastest joint, where it is lower than the way's [rad/s].
    """

    position: Float64[np.ndarray, "6"]
    is_checked: bool = True
    velocity: float = math.inf


class ServoThread:
    """Owns controller and driver while it runs; everything else asks it.

    Every period it reads the joints, checks the rules, and sends the next set-point of a plan that ends at rest. A
    stale state, a joint that does not follow, an overload, a driver's error or a standstill of its own, during which
    somebody may have come near, stops the arm and latches.

    Args:
        driver: connected and prepared.
        controller: started.
        clock: real.
        hz: periods per second, those of the controller's stream.
        limits: of the rules.
        latch: what stops the arm.
        action_age: after this time without another action the arm stops where it is [s].
        park_after: without an action for this long, the arm goes to its rest [s]; None leaves it where it is.
        park_way: to its rest.
        park_velocity: of that way [rad/s].
    """

    def __init__(
        self,
        driver: JointDriver,
        controller: ArmController,
        clock: Clock,
        *,
        hz: float,
        limits: SafetyLimits,
        latch: StopLatch,
        action_age: float,
        park_after: float | None,
        park_way: Sequence[Leg],
        park_velocity: float,
    ) -> None:
        self._driver = driver
        self._controller = controller
        self._clock = clock
        self._limits = limits
        self._latch = latch
        self._action_age, self._stale_at = action_age, math.inf
        self._park_after, self._park_way, self._park_velocity = park_after, tuple(park_way), park_velocity
        self.rate = Rate(hz, clock)
        self._lock = threading.RLock()
        self._moved = threading.Condition(self._lock)
        self._overload = OverloadTimer(limits.effort, limits.effort_time)
        self._way: list[Leg] = []
        self._way_velocity, self._is_opening = 0.0, False
        self._last_wish = clock.now()
        self._is_parked = self._is_interrupted = self._is_silent = False
        self._standstill = Standstill(clock, limits.silence)
        self._latest = driver.read()
        self._listener: Callable[[JointState], None] | None = None
        self._told = -math.inf
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="servo", daemon=True)

    def start(self) -> None:
        """Begin to stream."""
        self.rate.reset()
        self._standstill.forgive()
        self._thread.start()

    def listen(self, listener: Callable[[JointState], None] | None) -> None:
        """Hand every new state of the joints to `listener`, in place of the one before; None to nobody.

        It is called in this thread, between periods, and has to return at once. One that raises is told of in the log
        and called no more.
        """
        self._listener = listener

    def end(self) -> None:
        """Come to rest and end; the servos keep their torque, and the gripper what it holds."""
        self.hold()
        self._ending.set()
        self._thread.join(timeout=2.0)

    @property
    def is_alive(self) -> bool:
        """Whether it streams."""
        return self._thread.is_alive()

    def act(self, action: Float32[np.ndarray, "7"]) -> Executed:
        """Take over an action; it is stale after `action_age`.

        Raises:
            ArmStopped: the stop is latched.
            StaleObservation: the joints' state is too old.
            RobotError: the arm was parked; reset() comes first.
        """
        return self._pursue(action, stale_at=self._clock.now() + self._action_age)

    def _pursue(self, action: Float32[np.ndarray, "7"], *, stale_at: float = math.inf) -> Executed:
        with self._lock:
            self._require_usable()
            self._last_wish = self._clock.now()
            state = self._driver.read()
        aim = self._controller.aim(action, state)  # slow: set-points go on meanwhile
        with self._lock:
            self._require_usable()
            self._stale_at = stale_at
            return self._controller.pursue(aim)

    def act_and_wait(
        self, action: Float32[np.ndarray, "7"], *, within: float, settle: float, patience: float
    ) -> JointState:
        """Take over an action, wait until the joints stay where it leads, and read them.

        A moment without a state is waited for, and a hold on the way gone on from.

        Args:
            action: as for `act`.
            within: how near to its set-point a joint must stay [rad].
            settle: for how long, by the times of the joints' states [s].
            patience: longest wait for the set-points, and again for joints that do not get there, which are then read
                where they are [s].

        Raises:
            ArmStopped: the stop is latched, or was on the way.
            RobotError: the set-points took longer than `patience` to come to rest.
        """
        with self._moved:
            num_stops = self._latch.num_stops
            if not self._wait(lambda: self._acts(action), patience, num_stops):
                self._pursue(action)
            end = self._controller.destination
            if not self._wait(lambda: self._has_come_to(end), patience, num_stops):
                raise RobotError(f"expected the arm to come to rest within {patience} s")
            return self.wait_until_settled(within=within, settle=settle, patience=patience)

    def wait_until_settled(self, *, within: float, settle: float, patience: float) -> JointState:
        """Wait until the joints stay at the set-point, which they reach a while after it rests, and read them.

        Args:
            within: as for `act_and_wait`.
            settle: likewise.
            patience: longest wait for joints that do not get there, which are then read where they are [s].

        Raises:
            ArmStopped: the stop is latched, or was meanwhile.
        """
        stay = Stay(within=within, settle=settle)
        with self._moved:
            self._wait(lambda: stay.look_at(self._latest, self._controller.setpoint), patience, self._latch.num_stops)
            return self._latest

    def _acts(self, action: Float32[np.ndarray, "7"]) -> bool:
        """Whether an action was taken over; not without a state of the joints."""
        try:
            self._pursue(action)
        except StaleObservation:
            return False
        return True

    def _has_come_to(self, end: Float64[np.ndarray, "6"]) -> bool:
        """Whether the set-points rest there, or nowhere else to go; sets out once more where they were held up."""
        if not self._controller.is_at_rest:
            return False
        is_there = np.allclose(self._controller.setpoint, end, atol=_ARRIVED)
        return is_there or not self._controller.move_to(end)

    def _wait(self, is_so: Callable[[], bool], timeout: float, num_stops: int) -> bool:
        """Whether it was so at some turn before `timeout` [s]; a stop since `num_stops` is raised, cleared or not."""
        latch = self._latch
        found = self._moved.wait_for(
            lambda: latch.cause is not None or latch.num_stops != num_stops or is_so(), timeout
        )
        latch.require_clear(since=num_stops)
        return found

    def take_over(self, prepare: Callable[[], object]) -> None:
        """Have the servos prepared while nothing is sent to them, and stay where the arm is then, fallen or not."""
        with self._lock:
            self._notice_standstill()
            self._way.clear()
            prepare()
            self._latest = self._driver.read()
            self._controller.start(self._latest)
            self._standstill.forgive()

    def hold(self) -> None:
        """Come to rest as soon as the limits allow."""
        with self._lock:
            self._way.clear()
            self._is_interrupted = True
            self._hold()

    def _hold(self) -> None:
        is_stale = safety_rules.is_stale(self._latest.time, self._clock.now(), self._limits.state_age)
        self._controller.hold(None if is_stale else self._latest)

    def go(self, way: Sequence[Leg], *, velocity: float, timeout: float, is_opening: bool = False) -> None:
        """Follow a way through joint space and wait until the arm is there.

        Args:
            way: legs, in order.
            velocity: of the fastest joint [rad/s].
            timeout: longest wait [s].
            is_opening: the fingers, on the way.

        Raises:
            ArmStopped: the stop is latched, before or on the way.
            RobotError: the way is blocked or took too long; the arm holds.
        """
        with self._moved:
            num_stops = self._latch.num_stops
            self._latch.require_clear()
            self._is_parked = self._is_interrupted = False
            self._last_wish = self._clock.now()
            self._stale_at = math.inf
            self._way, self._way_velocity, self._is_opening = list(way), velocity, is_opening
            self._hold()
            arrived = self._wait(self._is_there, timeout, num_stops)
            if self._is_interrupted:
                raise RobotError("the arm was told to hold before it had arrived")
            if not arrived:
                self.hold()
                raise RobotError(f"expected the arm to arrive within {timeout} s; it holds: is something in its way?")

    def is_way_clear(self, position: Float64[np.ndarray, "6"], velocity: float) -> bool:
        """Whether an arm at rest may go there [rad] at a velocity [rad/s]; `go` stops it for good where it may not."""
        with self._lock:
            return self._controller.is_way_clear(position, velocity)

    def _is_there(self) -> bool:
        return not self._way and self._controller.is_at_rest

    def _require_usable(self) -> None:
        self._latch.require_clear()
        if not self.is_alive:
            raise RobotError("the servo thread has ended; connect() again")
        if self._is_parked:
            raise RobotError(
                f"the arm went to its rest after {self._park_after} s without an action; call reset() to begin again"
            )

    def _run(self) -> None:
        while not (self._ending.is_set() and self._controller.is_at_rest):
            try:
                with self._moved:
                    try:
                        self._turn()
                    finally:  # whoever waits sees a stop, too
                        self._moved.notify_all()
                self._hand_over(self._latest)
            except PortUnavailable as error:
                self._latch.stop(Reason.LOST, str(error))
            except ClamRobotError as error:
                self._latch.stop(Reason.DRIVER, str(error))
            except Exception:
                logger.exception("the servo thread failed; the servos hold their last set-point")
                self._latch.stop(Reason.DRIVER, "the servo thread failed")
                raise
            if self._ending.is_set() and self._latch.cause is not None:
                break
            self.rate.sleep()
        with suppress(ClamRobotError):  # a driver that is gone hears nothing
            self._driver.command_gripper(self._controller.ease_gripper(self._latest))

    def _hand_over(self, state: JointState) -> None:
        if self._listener is None or state.time <= self._told:
            return
        self._told = state.time
        try:
            self._listener(state)
        except Exception:
            self._listener = None
            logger.exception("the joints' states are handed over no more")

    def _turn(self) -> None:
        self._notice_standstill()
        try:
            state = self._driver.read()
        except StaleObservation as error:
            state = None
            self._endure(error)
        if state is not None:
            self._look_at(state)
            self._latest = state
        if self._latch.cause is not None:
            self._way.clear()
            # Whoever clears has as long as anybody until the arm goes to its rest.
            self._last_wish = self._standstill.last_turn
        is_stale = self._clock.now() >= self._stale_at
        was_silent, self._is_silent = self._is_silent, state is None
        if self._latch.cause is not None or state is None or was_silent or is_stale:
            self._stale_at = math.inf
            self._controller.hold(state)
        elif self._way:
            self._last_wish = self._clock.now()  # who is on the way is not idle
            if self._controller.is_at_rest:
                self._go_on()
        elif self._park_is_due():
            self._park()
        setpoint = self._controller.step(state or self._latest)
        try:
            self._driver.command(setpoint.position)
            self._driver.command_gripper(setpoint.gripper_effort)
        except ServoSilent as error:
            self._is_silent = True
            self._controller.hold(None)
            self._endure(error)

    def _notice_standstill(self) -> None:
        """Stop where nothing was sent for so long that a silence of the joints would stop the arm, too."""
        if words := self._standstill.notice():
            self._latch.stop(Reason.STALE_STATE, words)

    def _endure(self, silence: ClamRobotError) -> None:
        """A short silence holds the arm, a long one stops it."""
        if self._clock.now() - self._latest.time > self._limits.silence:
            self._latch.stop(Reason.STALE_STATE, str(silence))

    def _look_at(self, state: JointState) -> None:
        """Stop where a joint does not follow, or is under a load for too long; the arm yields to what pushes it."""
        setpoint = self._controller.setpoint
        if not safety_rules.is_following(state.position, setpoint, self._limits.tracking):
            worst = int(np.abs(state.position - setpoint).argmax())
            detail = f"{JOINT_NAMES[worst]} is at {state.position[worst]:.2f} rad, asked for {setpoint[worst]:.2f}"
            self._yield(state, Reason.TRACKING, detail)
        elif (joint := self._overload.look_at(state)) is not None:
            effort, limit = abs(state.effort[joint]), self._limits.effort[joint]
            detail = f"{JOINT_NAMES[joint]} pushes with {effort:.0f}, limit {limit:.0f}"
            self._yield(state, Reason.OVERLOAD, detail)

    def _yield(self, state: JointState, reason: Reason, detail: str) -> None:
        if self._latch.cause is None:
            self._controller.start(state)
        self._latch.stop(reason, detail)

    def _go_on(self) -> None:
        """Set out for the next leg, or once more for one that was held up."""
        leg = self._way[0]
        if self._is_opening:
            self._controller.open_gripper()
        if np.allclose(self._controller.setpoint, leg.position, atol=_ARRIVED):
            self._way.pop(0)
            return
        velocity = min(leg.velocity, self._way_velocity)
        if not self._controller.move_to(leg.position, velocity=velocity, is_checked=leg.is_checked):
            self._way.clear()
            self._latch.stop(Reason.CLEARANCE, "the way is blocked by the table, a box or the arm itself")

    def _park_is_due(self) -> bool:
        if self._park_after is None or self._is_parked or not self._controller.is_at_rest:
            return False
        return self._clock.now() - self._last_wish > self._park_after

    def _park(self) -> None:
        logger.warning("no action for %.0f s: the arm goes to its rest", self._park_after)
        self._is_parked = True
        self._way, self._way_velocity, self._is_opening = list(self._park_way), self._park_velocity, False


_ARRIVED = 1e-6  # of set-points, which reach their target exactly [rad]
