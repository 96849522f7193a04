"""The WidowX 250s as a robot: 7-d actions at 5 to 10 Hz, streamed to the joints at 50 Hz.

send_action ──> ArmController (chain, workspace, IK, clear plan)
                      │ plan to rest
ServoThread 50 Hz ────┴──> JointDriver ──> servos
HealthWatch  ~1 Hz ── registers ──> StopLatch <── key, request, topic, rules
"""

import logging
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float32, Float64

from clam_robot import config
from clam_robot.errors import ConfigError, DriverError, NotConnected, RobotError, SelfTestFailed, StaleObservation
from clam_robot.hardware import safety_rules
from clam_robot.hardware.arm_controller import ArmConfig, ArmController
from clam_robot.hardware.bench import Bench, FilmingBench, FrameListener
from clam_robot.hardware.health_watch import HealthWatch
from clam_robot.hardware.joint_driver import JointDriver, JointState
from clam_robot.hardware.safety_rules import Reason
from clam_robot.hardware.self_test import SelfTestConfig, check_motion, check_registers
from clam_robot.hardware.servo_thread import Leg, ServoThread
from clam_robot.hardware.stop_latch import StopLatch
from clam_robot.hardware.widowx_spec import ActionConfig, widowx_spec, widowx_state
from clam_robot.hardware.wx250s import JOINT_NAMES, NUM_JOINTS, SLEEP
from clam_robot.specs import RobotSpec
from clam_robot.timing import Clock
from clam_robot.types import Observation, TaskStatus

logger = logging.getLogger(__name__)

# Off the rest, clear of everything.
RAISED = (0.0, -1.5, 1.25, 0.0, 0.9, 0.0)
# Hand 18 cm above the table before the arm, looking down.
START = (0.0, -0.191, 0.299, 0.0, 1.463, 0.0)


@dataclass(frozen=True, kw_only=True)
class WidowXConfig(config.Strict):
    """How a WidowX is driven.

    Attributes:
        action: what an action means.
        arm: how the arm moves.
        start: where episodes begin [rad].
        velocity: of the way to the start and to the rest [rad/s].
        profile_velocity: time in which a servo follows a set-point [ms].
        profile_acceleration: of it to speed up [ms].
        self_test: what is tried at the first reset after connecting, before anything else; None tries nothing.
        park_after: without an action for this long, the arm goes to its rest [s]; None leaves it where it is.
    """

    action: ActionConfig = field(default_factory=ActionConfig)
    arm: ArmConfig = field(default_factory=ArmConfig)
    start: tuple[float, ...] = START
    velocity: float = 0.6
    profile_velocity: int = 25
    profile_acceleration: int = 10
    self_test: SelfTestConfig | None = field(default_factory=SelfTestConfig)
    park_after: float | None = 60.0

    def __post_init__(self) -> None:
        if len(self.start) != NUM_JOINTS or not safety_rules.is_within_limits(np.array(self.start)):
            raise ConfigError(f"start: expected {NUM_JOINTS} joint positions within their limits, found {self.start}")
        if self.profile_velocity < 1:
            raise ConfigError("profile_velocity: 0 is unlimited speed; give the milliseconds of a set-point's move")


class WidowX:
    """A `TaskRobot` over a driver; without a bench its task status stays unknown, False.

    Args:
        driver: of the joints.
        clock: real.
        setup: how it is driven.
        bench: knows things on the table, cameras and the task; None for the arm alone.
        name: in the spec.
    """

    def __init__(
        self,
        driver: JointDriver,
        clock: Clock,
        setup: WidowXConfig | None = None,
        *,
        bench: Bench | None = None,
        name: str = "widowx",
    ) -> None:
        self._driver = driver
        self._clock = clock
        self._setup = setup or WidowXConfig()
        self._bench = bench
        self._name = name
        self._spec: RobotSpec | None = None
        self._servo: ServoThread | None = None
        self._joint_listener: Callable[[JointState], None] | None = None
        self._health: HealthWatch | None = None
        self._held = ExitStack()
        self._is_reset = self._is_tested = False
        self._num_stops = 0
        self.latch = StopLatch()

    @property
    def spec(self) -> RobotSpec:
        """What it measures and accepts."""
        if self._spec is None:
            points = () if self._bench is None else self._bench.points
            cameras = {} if self._bench is None else self._bench.cameras
            self._spec = widowx_spec(self._setup.action, name=self._name, points=points, cameras=cameras)
        return self._spec

    @property
    def task(self) -> str:
        """What is to be done."""
        return "" if self._bench is None else self._bench.task

    def connect(self) -> None:
        """Open the driver, prepare the servos where they are, and begin to stream; the arm does not move.

        Raises:
            DriverError: a servo, bus or node does not do what it must; names it.
            SelfTestFailed: the servos are not those of this arm.
            ArmStopped: the servos are in error.
        """
        if self._servo is not None:
            return
        with ExitStack() as held:
            if self._bench is not None:
                self._bench.connect()
                held.callback(self._bench.disconnect)
            self._driver.connect()
            held.callback(self._driver.disconnect)
            self._health = self._prepared()
            self._servo = self._streaming(held, self._health)
            self._held = held.pop_all()

    def _prepared(self) -> HealthWatch:
        setup = self._setup
        self._driver.prepare(profile_velocity=setup.profile_velocity, profile_acceleration=setup.profile_acceleration)
        health = HealthWatch(
            self._driver, limits=setup.arm.limits, profile_velocity=setup.profile_velocity, latch=self.latch
        )
        health.look()
        self.latch.require_clear()
        if setup.self_test is not None:
            check_registers(health.latest, setup.self_test)
        return health

    def _streaming(self, held: ExitStack, health: HealthWatch) -> ServoThread:
        setup = self._setup
        controller = ArmController(setup.arm, space=setup.action.space, period=1.0 / setup.action.hz)
        controller.start(self._driver.read())
        servo = ServoThread(
            self._driver,
            controller,
            self._clock,
            hz=setup.arm.stream.hz,
            limits=setup.arm.limits,
            latch=self.latch,
            action_age=_STALE_PERIODS / setup.action.hz,
            park_after=setup.park_after,
            park_way=_WAY_TO_REST,
            park_velocity=setup.velocity,
        )
        servo.listen(self._joint_listener)
        servo.start()
        health.start()
        held.callback(health.end)
        held.callback(servo.end)
        return servo

    def listen(self, listener: Callable[[JointState], None] | None) -> None:
        """Hand every new state of the joints to `listener`, at the rate of the servo thread; None to nobody.

        See `ServoThread.listen`; may be called before `connect`.
        """
        self._joint_listener = listener
        if self._servo is not None:
            self._servo.listen(listener)

    def depth_units(self) -> Mapping[str, float]:
        """Of the depth that comes with frames, see `FilmingBench.depth_units`."""
        return self._bench.depth_units() if isinstance(self._bench, FilmingBench) else {}

    def listen_to_cameras(self, listener: FrameListener | None) -> None:
        """Hand every new frame to `listener`, see `FilmingBench.listen`; there may be none between steps."""
        if isinstance(self._bench, FilmingBench):
            self._bench.listen(listener)

    def disconnect(self) -> None:
        """Come to rest and let go of the driver; the arm keeps its torque."""
        self._servo = self._health = None
        self._is_reset = self._is_tested = False
        self._held.close()

    def reset(self, seed: int | None = None) -> None:
        """Go to the start with open fingers, and have the scene laid out; the first time, try every axis there.

        Raises:
            SelfTestFailed: the arm does not move as its kinematics say; it is stopped.
            ArmStopped: the stop is latched.
            RobotError: the way is blocked.
        """
        servo = self._live()
        self._num_stops = self.latch.num_stops
        state = self._driver.read()
        way = [Leg(position=np.array(self._setup.start))]
        if np.abs(state.position - np.array(SLEEP)).max() < _AT_REST:
            way.insert(0, Leg(position=np.array(RAISED), is_checked=False, velocity=_REST_VELOCITY))
        servo.go(way, velocity=self._setup.velocity, timeout=_LONGEST_WAY, is_opening=True)
        self._settle_at_start(servo)
        if self._setup.self_test is not None and not self._is_tested and self._setup.action.space == "pose":
            self._try_axes(servo, self._setup.self_test)
        if self._bench is not None:
            self._bench.reset(seed)
        self._is_reset = True

    def _settle_at_start(self, servo: ServoThread) -> None:
        """Set-points are at the start before the joints are, and what a hand learned by leaning on things it unlearns.

        An episode that began meanwhile would begin elsewhere than those that a policy has learned from.
        """
        state = servo.wait_until_settled(within=_NEAR, settle=_SETTLE, patience=_PATIENCE)
        short = np.abs(state.position - np.array(self._setup.start))
        if short.max() > _ROUGHLY:
            joint = int(short.argmax())
            logger.warning(
                "%s stays %.3f rad from the start of episodes; is something in its way?",
                JOINT_NAMES[joint],
                short[joint],
            )

    def _try_axes(self, servo: ServoThread, test: SelfTestConfig) -> None:
        try:
            check_motion(
                lambda action: servo.act_and_wait(action, within=_NEAR, settle=_SETTLE, patience=_PATIENCE), test
            )
        except SelfTestFailed as error:
            self.latch.stop(Reason.SELF_TEST, str(error))
            raise
        self._is_tested = True

    def go_to(self, joints: Float64[np.ndarray, "6"]) -> None:
        """Go from rest to joint positions [rad], straight through joint space, and wait until the arm is there.

        Raises:
            ArmStopped: the stop is latched.
            RobotError: the way is blocked; the arm stays where it is.
        """
        servo = self._live()
        if not servo.is_way_clear(joints, self._setup.velocity):
            raise RobotError("the way is blocked by the table, a box or the arm itself")
        servo.go([Leg(position=joints)], velocity=self._setup.velocity, timeout=_LONGEST_WAY)

    def park(self) -> None:
        """Go to the rest; torque stays on.

        Raises:
            ArmStopped: the stop is latched.
            RobotError: the way is blocked.
        """
        servo = self._live()
        servo.go(_WAY_TO_REST, velocity=self._setup.velocity, timeout=_LONGEST_WAY)

    def recover(self) -> None:
        """Make ready to move again after a stop that a person has looked into and cleared; nothing moves.

        The servos get back what a reboot may have taken, where they are. `reset` comes next.

        Raises:
            ArmStopped: the stop was not cleared, or is latched again: a servo is in error, or a person stopped the arm.
            DriverError: a servo, bus or node does not do what it must; names it, and the stop is latched again.
        """
        servo, setup = self._live(), self._setup
        self.latch.require_clear()
        self._is_reset = False
        assert self._health is not None
        try:
            with self._health.paused():
                servo.take_over(
                    lambda: self._driver.prepare(
                        profile_velocity=setup.profile_velocity, profile_acceleration=setup.profile_acceleration
                    )
                )
            self._health.look()
        except DriverError as error:  # cleared too early: stopped it stays
            self.latch.stop(Reason.DRIVER, str(error))
            raise
        self.latch.require_clear()

    def get_observation(self) -> Observation:
        """The newest joints, things on the bench and frames."""
        self._live()
        if not self._is_reset:
            raise NotConnected(f"{self._name}: call reset() first")
        state = self._driver.read()
        if safety_rules.is_stale(state.time, self._clock.now(), self._setup.arm.limits.state_age):
            raise StaleObservation(f"the joints' newest state is {self._clock.now() - state.time:.2f} s old")
        bench = self._bench
        frames = {} if bench is None else bench.frames()
        return Observation(
            time=state.time,
            state=widowx_state(state, [] if bench is None else bench.measure()),
            images={camera: frame for camera, (frame, _) in frames.items()},
            image_times={camera: time for camera, (_, time) in frames.items()},
        )

    def send_action(self, action: Float32[np.ndarray, "A"]) -> Float32[np.ndarray, "A"]:
        """Take over an action and return at once; the arm is on its way.

        Raises:
            InvalidVector: not finite or of the wrong shape: nothing was done.
            ArmStopped: the stop is latched, or was since `reset`, which comes next then.
            StaleObservation: the joints went silent.
        """
        servo = self._live()
        if not self._is_reset:
            raise NotConnected(f"{self._name}: call reset() first")
        self.latch.require_clear(since=self._num_stops)
        executed = servo.act(self.spec.action.clip(action, what="action"))
        if executed.reasons:
            logger.info("action changed: %s", ", ".join(executed.reasons))
        return executed.action

    def hold(self) -> None:
        """Come to rest as soon as the limits allow, and keep torque."""
        self._live().hold()

    def task_status(self) -> TaskStatus:
        """As the bench judges it."""
        self._live()
        if self._bench is None:
            return TaskStatus(success=False, episode_return=0.0, num_steps=0, is_over=False)
        return self._bench.status()

    def _live(self) -> ServoThread:
        if self._servo is None:
            raise NotConnected(f"{self._name}: call connect() first")
        return self._servo


# Periods after which an action is stale: one, and what a loop on a busy machine may be late.
_STALE_PERIODS = 1.5
# A joint this near to the sleep pose is at its rest [rad].
_AT_REST = 0.15
# Onto its rest it lowers itself slowly: two millimetres beyond it, it would touch its own shoulder.
_REST_VELOCITY = 0.4  # [rad/s]
_WAY_TO_REST = (
    Leg(position=np.array(RAISED)),
    Leg(position=np.array(SLEEP), is_checked=False, velocity=_REST_VELOCITY),
)
_LONGEST_WAY = 30.0  # [s]
# When a joint has arrived at the start, and at a set-point of the self-test.
_NEAR = 0.004  # [rad]
_ROUGHLY = 0.01  # which is worth telling [rad]
_SETTLE = 0.2  # [s]
_PATIENCE = 5.0  # [s]
