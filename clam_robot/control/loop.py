"""The loop: observe, infer, limit, send, notify, wait.

Recording, rollout, evaluation and replay are this loop wired differently.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from clam_robot import config
from clam_robot.control.action_broker import ActionBroker
from clam_robot.control.asynchronous_planner import AsynchronousPlanner
from clam_robot.control.failures import Failures
from clam_robot.control.latest_only import LatestOnly
from clam_robot.control.merge_rule import MergeChoice
from clam_robot.control.planner import Planner
from clam_robot.control.safety import SafetyLimiter
from clam_robot.control.synchronous_planner import SynchronousPlanner
from clam_robot.control.tally import EpisodeTally, Pace, log_outcome
from clam_robot.errors import ConfigError, PolicyUnavailable, StaleObservation
from clam_robot.interfaces import AsyncPolicy, Policy, Robot, Subscriber, TaskRobot
from clam_robot.timing import Clock, MonotonicClock, Rate
from clam_robot.types import EpisodeOutcome, EpisodeStart, Observation, Step

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class LoopConfig(config.Strict):
    """How an episode is run.

    Attributes:
        replan_every: control periods between two inferences, fewer when no action is due. None leaves it to the kind
            of policy: every period for one that is waited for, and for another as its chunks and its latency ask for
            (`AsynchronousPlanner`).
        merge: how chunks that are due at the same time become one action.
        max_steps: end after this many periods; None leaves it to the robot's own horizon.
        stop_after_success: periods to go on after the task is solved; None runs to the horizon.
        max_held: give up after this many periods in a row without an action or observation.
    """

    replan_every: int | None = None
    merge: MergeChoice = field(default_factory=LatestOnly)
    max_steps: int | None = None
    stop_after_success: int | None = None
    max_held: int = 50

    def __post_init__(self) -> None:
        for name, least in (("replan_every", 1), ("max_steps", 1), ("stop_after_success", 0), ("max_held", 1)):
            value = getattr(self, name)
            if value is not None and value < least:
                raise ConfigError(f"{name} must be at least {least}, found {value}")


class ControlLoop:
    """Runs episodes of one policy on one robot.

    A `Policy` is asked and waited for. An `AsyncPolicy` never is: the loop keeps its rate, and holds the robot while no
    action is due, from the start of an episode to the first answer too.

    Whatever ends an episode, a fault of robot, policy or subscriber or Ctrl-C, three things follow in this order: the
    robot is told to hold, every subscriber that heard the beginning is told how it ended, and the cause is raised. What
    fails on this way is logged and noted on the cause, and hides nothing.

    Args:
        robot: connected.
        policy: made for a robot like this one.
        clock: paces the loop; a `ManualClock` in simulation.
        limiter: between policy and robot; by default it enforces the bounds of the robot's spec.
        subscribers: told of every step.
        config: how an episode is run.
        stopwatch: measures inference times; real time even when `clock` is not.
        ask_end: asked after every step; a word, which ends the episode and stands in `EpisodeOutcome.end`, or None.
        await_start: called when the robot stands at its start, before anybody is told of the episode; may take its
            time, and calls the episode off by raising.

    Raises:
        SpecMismatch: the policy was made for another robot; names the entries.
    """

    def __init__(
        self,
        robot: Robot,
        policy: Policy | AsyncPolicy,
        *,
        clock: Clock,
        limiter: SafetyLimiter | None = None,
        subscribers: Sequence[Subscriber] = (),
        config: LoopConfig | None = None,
        stopwatch: Clock | None = None,
        ask_end: Callable[[], str | None] = lambda: None,
        await_start: Callable[[], object] = lambda: None,
    ) -> None:
        policy.spec.require(robot.spec, what=f"policy for {policy.spec.name} on robot {robot.spec.name}")
        self._robot = robot
        self._judge = robot if isinstance(robot, TaskRobot) else None
        self._policy = policy
        self._clock = clock
        self._limiter = limiter or SafetyLimiter(robot.spec)
        self._subscribers = tuple(subscribers)
        self._config = config or LoopConfig()
        self._planner = self._planner_for(policy, stopwatch or MonotonicClock())
        self._ask_end = ask_end
        self._await_start = await_start
        self._tally, self._rate = EpisodeTally(), Rate(robot.spec.control_hz, clock)

    @property
    def pace(self) -> Pace:
        """Of the episode under way, or of the last one. For any thread."""
        return Pace(num_steps=self._tally.num_steps, num_overruns=self._rate.num_overruns)

    def run_episode(self, start: EpisodeStart) -> EpisodeOutcome:
        """Reset to `start.seed` and run until the task is solved, the horizon is reached or something fails.

        Raises:
            PolicyUnavailable: the policy stayed silent for `max_held` periods.
            StaleObservation: the robot did.
            ClamRobotError: another fault of robot or policy.
            Exception: a subscriber's failure.
        """
        tally = self._tally = EpisodeTally()
        rate = self._rate = Rate(self._robot.spec.control_hz, self._clock)
        audience: list[Subscriber] = []
        failures = Failures()
        end, closing, begin = "", None, self._clock.now()
        with failures.during("running"):
            self._begin(start, audience)
            begin = self._clock.now()
            rate.reset()
            end, closing = self._run(tally, rate)
        seconds = self._clock.now() - begin
        self._hold(failures)
        if closing is not None:
            _tell(audience, "the closing step", lambda subscriber: subscriber.on_step(closing), failures)
        outcome = tally.outcome(end=failures.end if failures else end, seconds=seconds, rate=rate)
        _tell(audience, "the end", lambda subscriber: subscriber.on_episode_end(outcome), failures)
        log_outcome(start, outcome)
        failures.raise_cause()
        return outcome

    def _planner_for(self, policy: Policy | AsyncPolicy, stopwatch: Clock) -> Planner:
        config, spec = self._config, self._robot.spec
        broker = ActionBroker(config.merge, spec=spec)
        if isinstance(policy, AsyncPolicy):
            period = 1.0 / spec.control_hz
            return AsynchronousPlanner(
                policy, broker, replan_every=config.replan_every, period=period, clock=self._clock
            )
        return SynchronousPlanner(
            policy, broker, replan_every=config.replan_every or 1, clock=self._clock, stopwatch=stopwatch
        )

    def _begin(self, start: EpisodeStart, audience: list[Subscriber]) -> None:
        self._robot.reset(start.seed)
        self._await_start()
        self._policy.reset()
        self._limiter.reset()
        for subscriber in self._subscribers:
            subscriber.on_episode_start(start)
            audience.append(subscriber)

    def _run(self, tally: EpisodeTally, rate: Rate) -> tuple[str, Step]:
        """Why the episode ended, and its closing step."""
        end = None
        while True:
            observation = self._observe(tally)
            if observation is not None and end is not None:
                return end, Step(observation=observation, requested=None, sent=None)
            if observation is not None:
                self._step(observation, tally)
                end = self._end(tally)
            rate.sleep()

    def _observe(self, tally: EpisodeTally) -> Observation | None:
        """The newest observation, or None while the robot holds because there is none."""
        try:
            return self._robot.get_observation()
        except StaleObservation as error:
            self._robot.hold()
            if tally.held_in_a_row == 0:
                logger.warning("holding: %s", error)
            tally.count_hold()
            if tally.held_in_a_row >= self._config.max_held:
                raise
            return None

    def _step(self, observation: Observation, tally: EpisodeTally) -> None:
        if tally.num_steps == 0:
            self._planner.begin(observation.time)
        self._planner.replan(observation, tally)
        requested = self._planner.action_at(self._clock.now())
        limited = self._limiter.limit(requested)
        sent = None
        if limited.action is None:
            self._robot.hold()
        else:
            sent = self._robot.send_action(limited.action)
        step = Step(
            observation=observation,
            requested=requested,
            sent=sent,
            limits=limited.reasons,
            status=None if self._judge is None else self._judge.task_status(),
        )
        tally.count(step)
        failures = Failures()
        _tell(self._subscribers, "a step", lambda subscriber: subscriber.on_step(step), failures)
        failures.raise_cause()
        if tally.held_in_a_row >= self._config.max_held:
            raise self._planner.failure or PolicyUnavailable(
                f"expected an action to send, found none for {tally.held_in_a_row} control periods "
                f"({', '.join(limited.reasons)}): the robot holds; {self._planner.advice}"
            )

    def _end(self, tally: EpisodeTally) -> str | None:
        patience, since = self._config.stop_after_success, tally.steps_since_success
        if patience is not None and since is not None and since >= patience:
            return "success"
        if tally.status is not None and tally.status.is_over:
            return "horizon"
        if self._config.max_steps is not None and tally.num_steps >= self._config.max_steps:
            return "horizon"
        return self._ask_end()

    def _hold(self, failures: Failures) -> None:
        """Stop the arm, in two tries: a second Ctrl-C may cut the first one short."""
        for _ in range(2):
            with failures.during("holding the robot"):
                self._robot.hold()
                return


def _tell(audience: Sequence[Subscriber], what: str, tell: Callable[[Subscriber], None], failures: Failures) -> None:
    """Tell every subscriber, whatever befalls the ones before it."""
    for subscriber in audience:
        with failures.during(f"telling {type(subscriber).__name__} {what}"):
            tell(subscriber)
