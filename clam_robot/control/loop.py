"""The loop: observe, infer, limit, send, notify, wait.

Recording, rollout, evaluation and replay are this loop wired differently.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from clam_robot import config
from clam_robot.control.action_broker import ActionBroker
from clam_robot.control.safety import SafetyLimiter
from clam_robot.control.tally import EpisodeTally, log_outcome
from clam_robot.errors import ClamRobotError, PolicyUnavailable, StaleObservation
from clam_robot.interfaces import Policy, Robot, Subscriber, TaskRobot
from clam_robot.timing import Clock, MonotonicClock, Rate
from clam_robot.types import EpisodeOutcome, EpisodeStart, Observation, Step

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class LoopConfig(config.Strict):
    """How an episode is run.

    Attributes:
        replan_every: control periods between two inferences, fewer when no action is due.
        max_steps: end after this many periods; None leaves it to the robot's own horizon.
        stop_after_success: periods to go on after the task is solved; None runs to the horizon.
        max_held: give up after this many periods in a row without an action or observation.
    """

    replan_every: int = 1
    max_steps: int | None = None
    stop_after_success: int | None = None
    max_held: int = 50


class ControlLoop:
    """Runs episodes of one policy on one robot.

    Whatever ends an episode, the robot is told to hold and the subscribers are told how it ended.

    Args:
        robot: connected.
        policy: made for a robot like this one.
        clock: paces the loop; a `ManualClock` in simulation.
        limiter: between policy and robot; by default it enforces the bounds of the robot's spec.
        subscribers: told of every step.
        config: how an episode is run.
        stopwatch: measures inference times; real time even when `clock` is not.

    Raises:
        SpecMismatch: the policy was made for another robot; names the entries.
    """

    def __init__(
        self,
        robot: Robot,
        policy: Policy,
        *,
        clock: Clock,
        limiter: SafetyLimiter | None = None,
        subscribers: Sequence[Subscriber] = (),
        config: LoopConfig | None = None,
        stopwatch: Clock | None = None,
    ) -> None:
        policy.spec.require(robot.spec, what=f"policy for {policy.spec.name} on robot {robot.spec.name}")
        self._robot = robot
        self._judge = robot if isinstance(robot, TaskRobot) else None
        self._policy = policy
        self._clock = clock
        self._limiter = limiter or SafetyLimiter(robot.spec)
        self._subscribers = tuple(subscribers)
        self._config = config or LoopConfig()
        self._stopwatch = stopwatch or MonotonicClock()
        self._broker = ActionBroker()

    def run_episode(self, start: EpisodeStart) -> EpisodeOutcome:
        """Reset to `start.seed` and run until the task is solved, the horizon is reached or something fails.

        Raises:
            PolicyUnavailable: the policy stayed silent for `max_held` periods.
            StaleObservation: the robot did.
            ClamRobotError: another fault of robot or policy.
        """
        self._robot.reset(start.seed)
        self._policy.reset()
        self._broker.reset()
        self._limiter.reset()
        for subscriber in self._subscribers:
            subscriber.on_episode_start(start)
        tally = EpisodeTally()
        rate = Rate(self._robot.spec.control_hz, self._clock)
        begin = self._clock.now()
        end = "fault"
        try:
            end = self._run(tally, rate)
        except KeyboardInterrupt:
            end = "interrupted"
            raise
        except PolicyUnavailable:
            end = "policy"
            raise
        finally:
            self._hold()
            outcome = tally.outcome(end=end, seconds=self._clock.now() - begin, rate=rate)
            for subscriber in self._subscribers:
                subscriber.on_episode_end(outcome)
            log_outcome(start, outcome)
        return outcome

    def _run(self, tally: EpisodeTally, rate: Rate) -> str:
        end = None
        while end is None:
            try:
                observation = self._robot.get_observation()
            except StaleObservation:
                self._robot.hold()
                tally.count_hold()
                if tally.held_in_a_row >= self._config.max_held:
                    raise
            else:
                self._step(observation, tally)
                end = self._end(tally)
            rate.sleep()
        self._notify(Step(observation=self._robot.get_observation(), requested=None, sent=None))
        return end

    def _step(self, observation: Observation, tally: EpisodeTally) -> None:
        silence = self._replan(observation, tally)
        requested = self._broker.action_at(self._clock.now())
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
        self._notify(step)
        if tally.held_in_a_row >= self._config.max_held:
            raise silence or PolicyUnavailable(
                f"expected an action to send, found none for {tally.held_in_a_row} control periods "
                f"({', '.join(limited.reasons)}): the robot holds; check the policy and its server"
            )

    def _replan(self, observation: Observation, tally: EpisodeTally) -> PolicyUnavailable | None:
        is_due = tally.num_steps % self._config.replan_every == 0
        if not is_due and self._broker.action_at(self._clock.now()) is not None:
            return None
        begin = self._stopwatch.now()
        try:
            chunk = self._policy.infer(observation)
        except PolicyUnavailable as error:
            logger.warning("holding: %s", error)
            return error
        tally.infer_ms.append((self._stopwatch.now() - begin) * 1e3)
        self._broker.put(chunk)
        return None

    def _end(self, tally: EpisodeTally) -> str | None:
        patience, since = self._config.stop_after_success, tally.steps_since_success
        if patience is not None and since is not None and since >= patience:
            return "success"
        if tally.status is not None and tally.status.is_over:
            return "horizon"
        if self._config.max_steps is not None and tally.num_steps >= self._config.max_steps:
            return "horizon"
        return None

    def _notify(self, step: Step) -> None:
        for subscriber in self._subscribers:
            subscriber.on_step(step)

    def _hold(self) -> None:
        try:
            self._robot.hold()
        except ClamRobotError as error:
            logger.error("the robot could not be told to hold: %s", error)
