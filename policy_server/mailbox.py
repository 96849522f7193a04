"""What the robot's loop and the thread of a streaming connection hand to one another."""

import threading
from collections import OrderedDict
from dataclasses import dataclass

from clam_robot.errors import ClamRobotError, PolicyRefused
from clam_robot.types import ActionChunk, Observation
from policy_server.protocol import Timing
from policy_server.stream_protocol import StreamReply, StreamRequest

# A server answers or skips what it gets; one that does neither is not remembered for ever.
MAX_UNANSWERED = 256


@dataclass(frozen=True, kw_only=True)
class _Asked:
    time: float
    submitted: float
    sent: float


class Mailbox:
    """The newest observation on its way out and the newest answer on its way in; neither side waits for the other.

    Observations of an episode are numbered on; the answer to a number that is not awaited, as after a reset or a lost
    connection, is dropped.

    Attributes:
        timing: where the time of the last answer went; None before the first.
        latency: of the last answer, from its observation's submission to its arrival [s]; None before the first.
        num_dropped: answers that were not awaited any more.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._newest: tuple[Observation, float] | None = None
        self._answer: ActionChunk | ClamRobotError | None = None
        self._unanswered: OrderedDict[int, _Asked] = OrderedDict()
        self._sequence = 0
        self._is_reset_due = False
        self._num_skipped_here = self._num_skipped_there = 0
        self.timing: Timing | None = None
        self.latency: float | None = None
        self.num_dropped = 0

    @property
    def num_skipped(self) -> int:
        """Observations of this episode that no model saw, as newer ones had come."""
        return self._num_skipped_here + self._num_skipped_there

    def reset(self) -> None:
        """A new episode."""
        with self._lock:
            self._newest = self._answer = None
            self._unanswered.clear()
            self._is_reset_due = True
            self._num_skipped_here = self._num_skipped_there = 0

    def submit(self, observation: Observation, now: float) -> None:
        """The newest observation."""
        with self._lock:
            self._num_skipped_here += self._newest is not None
            self._newest = (observation, now)

    def poll(self) -> ActionChunk | None:
        """The newest answer that was not given out yet.

        Raises:
            PolicyError: instead of an answer.
        """
        with self._lock:
            answer, self._answer = self._answer, None
        if isinstance(answer, ClamRobotError):
            raise answer
        return answer

    def take(self, now: float) -> StreamRequest | None:
        """What is to be sent now; None while there is nothing."""
        with self._lock:
            if self._newest is None:
                return None
            (observation, submitted), self._newest = self._newest, None
            self._sequence += 1
            self._unanswered[self._sequence] = _Asked(time=observation.time, submitted=submitted, sent=now)
            if len(self._unanswered) > MAX_UNANSWERED:
                self._unanswered.popitem(last=False)
            is_reset, self._is_reset_due = self._is_reset_due, False
            return StreamRequest(sequence=self._sequence, observation=observation, reset=is_reset)

    def put(self, reply: StreamReply, now: float) -> None:
        """What came."""
        with self._lock:
            asked = None if reply.sequence is None else self._unanswered.get(reply.sequence)
            if reply.error is not None:
                if asked is not None or reply.sequence is None:
                    self._answer = PolicyRefused(f"{reply.error} ({reply.error.code})")
            elif asked is None or reply.chunk is None or reply.chunk.observation_time != asked.time:
                self.num_dropped += 1
            else:
                self._answer, self.timing = reply.chunk, reply.timing
                self.latency = now - asked.submitted
                self._num_skipped_there = reply.skipped
            if asked is not None and reply.sequence is not None:
                # What was asked before what is answered now was skipped, and will never be answered.
                for sequence in [each for each in self._unanswered if each <= reply.sequence]:
                    del self._unanswered[sequence]

    def fail(self, error: ClamRobotError) -> None:
        """The connection is lost: nothing that was sent will be answered."""
        with self._lock:
            self._answer = error
            self._unanswered.clear()
            # The next connection counts from none on.
            self._num_skipped_here, self._num_skipped_there = self.num_skipped, 0

    def owed_since(self) -> float | None:
        """When the oldest observation that is not answered was sent [s]; None when none is."""
        with self._lock:
            return min((asked.sent for asked in self._unanswered.values()), default=None)
