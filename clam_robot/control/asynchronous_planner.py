"""Planning by a policy that is not waited for."""

import logging
from collections import deque

import numpy as np
from jaxtyping import Float32

from clam_robot.control.action_broker import ActionBroker
from clam_robot.control.latency import LatencyEstimate
from clam_robot.control.tally import EpisodeTally
from clam_robot.errors import ConfigError, PolicyUnavailable
from clam_robot.interfaces import AsyncPolicy
from clam_robot.timing import Clock
from clam_robot.types import ActionChunk, Observation

logger = logging.getLogger(__name__)

# A new chunk is wanted when this share of the newest one is left, so that plans are never much older than that.
_SHARE = 0.5
# An answer is seen up to one period after it came, and the question is up to one period late.
_MARGIN = 2
# Of a period, for the rounding of times: a question that is due now is not put off by a whole one.
_EARLY = 1e-3


class AsynchronousPlanner:
    """Asks early enough that the answer comes before the newest chunk runs out, and never waits for it.

    The next question is due when what is left of the newest chunk would not outlast an answer as slow as the recent
    ones, at the latest when half of the chunk is used up. While an answer is awaited there is no further question,
    unless no action is due any more: then every period, so that a policy that comes back sees the present.

    Args:
        policy: asked, and listened to once a period.
        broker: keeps its answers.
        replan_every: control periods between two questions, in place of all that; fewer when no action is due.
        period: of control [s].
        clock: of the loop.

    Attributes:
        failure: the last one that no answer followed.
        latency: from the observation to the period in which its answer was there.
    """

    def __init__(
        self, policy: AsyncPolicy, broker: ActionBroker, *, replan_every: int | None, period: float, clock: Clock
    ) -> None:
        self._policy = policy
        self._broker = broker
        self._replan_every = replan_every
        self._period = period
        self._clock = clock
        self._since = 0.0
        self._asked: deque[float] = deque()
        self._duration = 0.0
        self.failure: PolicyUnavailable | None = None
        self.latency = LatencyEstimate()

    @property
    def advice(self) -> str:
        """What to do when no action comes."""
        if self._broker.num_refused == 0:
            return "check the policy and its server"
        return (
            f"{self._broker.num_refused} answers came too late, after {self.latency.seconds or 0.0:.3g} s, with chunks "
            f"of {self._duration:.3g} s: use a policy with longer chunks, or a faster server"
        )

    def begin(self, since: float) -> None:
        """A new episode, whose first observation is of this time [s]."""
        self._broker.reset(since)
        self._since = since
        self._asked.clear()
        self.failure = None

    def replan(self, observation: Observation, tally: EpisodeTally) -> None:
        """Listen, and ask where it is time to.

        Raises:
            ConfigError: the first answer of an episode lasts no longer than the period after which it is seen.
        """
        self._listen(tally)
        if self._is_due(tally.num_steps):
            self._asked.append(observation.time)
            self._policy.submit(observation)

    def action_at(self, time: float) -> Float32[np.ndarray, "A"] | None:
        """The action due at `time` [s]."""
        return self._broker.action_at(time)

    def _listen(self, tally: EpisodeTally) -> None:
        try:
            chunk = self._policy.poll()
        except PolicyUnavailable as error:
            if self.failure is None:
                logger.warning("no new actions: %s", error)
            self.failure = error
            if self._asked:  # questions fail in the order they were asked
                self._asked.popleft()
            return
        if chunk is not None:
            self._take(chunk, tally)

    def _take(self, chunk: ActionChunk, tally: EpisodeTally) -> None:
        now = self._clock.now()
        self._broker.put(chunk, now=now)
        tally.num_refused = self._broker.num_refused
        if chunk.observation_time < self._since:
            return
        self.failure = None
        self._duration = len(chunk.actions) * chunk.dt
        if not tally.infer_ms and self._duration <= (1 + _EARLY) * self._period:
            raise ConfigError(
                f"inference beside the loop: expected chunks longer than a control period of {self._period:.3g} s, "
                f"found one of {self._duration:.3g} s, which has passed when it is seen; use a policy with longer "
                "chunks (clam train --policy.chunk), or wait for this one"
            )
        age = now - chunk.observation_time
        self.latency.add(age)
        tally.infer_ms.append(age * 1e3)
        while self._asked and self._asked[0] <= chunk.observation_time:
            tally.num_skipped += self._asked.popleft() < chunk.observation_time

    def _is_due(self, num_steps: int) -> bool:
        now = self._clock.now()
        newest = self._broker.newest
        if newest is None or self.action_at(now) is None:
            return True
        if self._replan_every is not None:
            return num_steps % self._replan_every == 0
        if self._asked:
            return False
        in_time = (self.latency.seconds or 0.0) + _MARGIN * self._period
        wanted = max(in_time, _SHARE * (newest.end_time - newest.observation_time))
        return newest.end_time - now <= wanted + _EARLY * self._period
