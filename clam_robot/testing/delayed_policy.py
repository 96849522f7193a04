"""An asynchronous policy without a thread: what it answers and when depends on the clock alone."""

from collections.abc import Callable

from clam_robot.interfaces import Policy
from clam_robot.specs import RobotSpec
from clam_robot.timing import Clock
from clam_robot.types import ActionChunk, Observation


class DelayedPolicy:
    """Answers as `policy` does, each time `delay()` seconds after it began; one observation waits, the newest.

    On a `ManualClock` an episode with it repeats exactly.

    Args:
        policy: asked at once; only its answers are kept back.
        clock: of the loop.
        delay: of each answer, asked when its turn comes [s].
    """

    def __init__(self, policy: Policy, clock: Clock, delay: Callable[[], float]) -> None:
        self._policy = policy
        self._clock = clock
        self._delay = delay
        self._waiting: Observation | None = None
        self._coming: tuple[float, ActionChunk] | None = None
        self._answer: ActionChunk | None = None

    @property
    def spec(self) -> RobotSpec:
        return self._policy.spec

    def reset(self) -> None:
        self._policy.reset()
        self._waiting = self._coming = self._answer = None

    def submit(self, observation: Observation) -> None:
        self._advance()
        if self._coming is None:
            self._begin(observation, self._clock.now())
        else:
            self._waiting = observation

    def poll(self) -> ActionChunk | None:
        self._advance()
        answer, self._answer = self._answer, None
        return answer

    def close(self) -> None:
        self._waiting = self._coming = self._answer = None

    def _begin(self, observation: Observation, time: float) -> None:
        self._coming = (time + self._delay(), self._policy.infer(observation))

    def _advance(self) -> None:
        while self._coming is not None and self._coming[0] <= self._clock.now():
            time, self._answer = self._coming
            self._coming = None
            if self._waiting is not None:
                self._begin(self._waiting, time)
                self._waiting = None
