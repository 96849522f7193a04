"""Inference beside the loop, in a thread of its own."""

import logging
import threading
from collections import deque
from types import TracebackType
from typing import NamedTuple

from clam_robot.control.latency import LatencyEstimate
from clam_robot.errors import PolicyError, PolicyUnavailable
from clam_robot.interfaces import Policy
from clam_robot.specs import RobotSpec
from clam_robot.timing import Clock
from clam_robot.types import ActionChunk, Observation

logger = logging.getLogger(__name__)

# An inference that takes longer is left behind: its thread is a daemon and ends with it.
_PATIENCE = 2.0


class _Question(NamedTuple):
    observation: Observation
    time: float
    episode: int


class BackgroundPolicy:
    """An `AsyncPolicy` around any `Policy`, one inference at a time.

    While one runs, a single observation waits, the newest. The policy is used by the thread alone, which also resets it
    before the first inference of an episode. One with a history sees the observations it infers from and no others, so
    they lie further apart than where it is waited for.

    A failure ends one question, never the thread; the policy's own waiting for a server delays the questions after it
    and nothing else. What a policy of the episode before fails with is dropped like its answers, but an exception that
    is no `PolicyError` is a fault of the program and always reported: by `poll`, or in the log where nobody polls any
    more.

    Args:
        policy: nobody else uses it from now on.
        clock: measures latency.

    Attributes:
        num_skipped: observations that a newer one replaced before they were looked at, of all episodes.
        latency: from question to answer.
    """

    def __init__(self, policy: Policy, clock: Clock) -> None:
        self._policy = policy
        self._clock = clock
        self._changed = threading.Condition()
        self._question: _Question | None = None
        self._answer: ActionChunk | None = None
        self._failures: deque[BaseException] = deque()
        self._episode = 0
        self._is_closed = False
        self._thread: threading.Thread | None = None
        self.num_skipped = 0
        self.latency = LatencyEstimate()

    @property
    def spec(self) -> RobotSpec:
        """The robot it acts for."""
        return self._policy.spec

    def reset(self) -> None:
        """A new episode: what the one so far still waits for is dropped, also an inference that is running."""
        with self._changed:
            self._episode += 1
            self._question = self._answer = None
            self._failures = deque(error for error in self._failures if not isinstance(error, PolicyError))

    def submit(self, observation: Observation) -> None:
        """Ask for actions from this observation on; at once.

        Raises:
            PolicyUnavailable: closed.
        """
        with self._changed:
            if self._is_closed:
                raise PolicyUnavailable("the policy in the background is closed; make another")
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="policy", daemon=True)
                self._thread.start()
            self.num_skipped += self._question is not None
            self._question = _Question(observation, self._clock.now(), self._episode)
            self._changed.notify()

    def poll(self) -> ActionChunk | None:
        """The newest answer that was not given out yet, at once; None while there is none.

        Raises:
            PolicyUnavailable: a question got no answer; said once for each. Answers wait until failures are told.
            PolicyRefused: an answer, but an error.
            Exception: the policy's own fault.
        """
        with self._changed:
            if self._failures:
                raise self._failures.popleft()
            answer, self._answer = self._answer, None
            return answer

    def close(self) -> None:
        """End the thread, waiting a little for an inference that runs."""
        with self._changed:
            self._is_closed = True
            self._question = self._answer = None
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(_PATIENCE)
        with self._changed:
            for error in self._failures:
                _log_unheard(error)
            self._failures.clear()

    def __enter__(self) -> "BackgroundPolicy":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _work(self) -> None:
        episode: int | None = None
        while (question := self._next()) is not None:
            try:
                if question.episode != episode:
                    self._policy.reset()
                    episode = question.episode
                answer = self._policy.infer(question.observation)
            except BaseException as error:  # noqa: BLE001 - belongs to whoever polls
                self._fail(question, error)
            else:
                self._tell(question, answer)

    def _next(self) -> _Question | None:
        with self._changed:
            self._changed.wait_for(lambda: self._is_closed or self._question is not None)
            question, self._question = self._question, None
            return question

    def _tell(self, question: _Question, answer: ActionChunk) -> None:
        with self._changed:
            self.latency.add(self._clock.now() - question.time)
            if question.episode == self._episode and not self._is_closed:
                self._answer = answer

    def _fail(self, question: _Question, error: BaseException) -> None:
        with self._changed:
            if isinstance(error, PolicyError) and question.episode != self._episode:
                return
            if self._is_closed:
                _log_unheard(error)
            else:
                self._failures.append(error)


def _log_unheard(error: BaseException) -> None:
    if not isinstance(error, PolicyError):
        logger.error("the policy in the background failed, and nobody asked any more", exc_info=error)
