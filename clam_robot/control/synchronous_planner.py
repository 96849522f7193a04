"""Planning by a policy that is waited for."""

import logging

import numpy as np
from jaxtyping import Float32

from clam_robot.control.action_broker import ActionBroker
from clam_robot.control.tally import EpisodeTally
from clam_robot.errors import PolicyUnavailable
from clam_robot.interfaces import Policy
from clam_robot.timing import Clock
from clam_robot.types import Observation

logger = logging.getLogger(__name__)


class SynchronousPlanner:
    """Asks at fixed periods, and whenever no action is due; the loop stands still meanwhile.

    Args:
        policy: asked in the loop's own thread.
        broker: keeps its answers.
        replan_every: control periods between two inferences, fewer when no action is due.
        clock: of the loop.
        stopwatch: measures inferences.

    Attributes:
        failure: of this period's inference.
        advice: what to do when no action comes.
    """

    advice = "check the policy and its server"

    def __init__(
        self, policy: Policy, broker: ActionBroker, *, replan_every: int, clock: Clock, stopwatch: Clock
    ) -> None:
        self._policy = policy
        self._broker = broker
        self._replan_every = replan_every
        self._clock = clock
        self._stopwatch = stopwatch
        self.failure: PolicyUnavailable | None = None

    def begin(self, since: float) -> None:
        """A new episode, whose first observation is of this time [s]."""
        self._broker.reset(since)
        self.failure = None

    def replan(self, observation: Observation, tally: EpisodeTally) -> None:
        """Infer, where it is time to."""
        self.failure = None
        is_due = tally.num_steps % self._replan_every == 0
        if not is_due and self.action_at(self._clock.now()) is not None:
            return
        begin = self._stopwatch.now()
        try:
            chunk = self._policy.infer(observation)
        except PolicyUnavailable as error:
            if tally.held_in_a_row == 0:
                logger.warning("no new actions: %s", error)
            self.failure = error
            return
        tally.infer_ms.append((self._stopwatch.now() - begin) * 1e3)
        self._broker.put(chunk, now=self._clock.now())
        tally.num_refused = self._broker.num_refused

    def action_at(self, time: float) -> Float32[np.ndarray, "A"] | None:
        """The action due at `time` [s]."""
        return self._broker.action_at(time)
