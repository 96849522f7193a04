"""One robot's conversation with a policy."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from clam_robot.errors import PolicyError, PolicyRefused, SpecError
from clam_robot.interfaces import Policy
from clam_robot.timing import Clock
from clam_robot.types import ActionChunk, Observation
from policy_server.packing import MalformedMessage, pack, unpack
from policy_server.policy_info import PolicyInfo
from policy_server.protocol import Timing, decode_observation, decode_reset, encode_chunk, require_executable

logger = logging.getLogger(__name__)


class Session:
    """One connection, one episode: a policy instance of its own, so that robots never share history.

    Knows nothing of sockets or event loops: frames in, frames out. Used by one thread at a time.

    Attributes:
        num_answers: requests answered so far.
    """

    def __init__(self, make_policy: Callable[[], Policy], info: PolicyInfo, clock: Clock) -> None:
        """A session; its policy is made when the first request needs it.

        Args:
            make_policy: gives a new instance; instances share weights.
            info: what clients are told of the policy.
            clock: measures the answers.
        """
        self._make_policy = make_policy
        self._info = info
        self._clock = clock
        self._policy: Policy | None = None
        self._received = 0.0
        self._previous_total_ms: float | None = None
        self.num_answers = 0

    def greet(self) -> bytes:
        """The frame that opens the conversation."""
        return pack(self._info.to_dict())

    def answer(self, frame: bytes, received: float) -> bytes:
        """The reply to a request.

        Args:
            received: when the request came [s].

        Raises:
            MalformedMessage: the request is not what the protocol says, or the policy's chunk is not executable.
            SpecError: the observation does not fit the robot.
            PolicyError: the policy cannot answer.
        """
        self._received = received
        request = unpack(frame)
        observation = decode_observation(request, self._info.robot)
        is_reset = decode_reset(request)
        with self._policy_code():
            policy = self._policy or self._make_policy()
            if is_reset or self._policy is None:
                policy.reset()
            self._policy = policy
            begun = self._clock.now()
            chunk = policy.infer(observation)
            ended = self._clock.now()
        self._require_usable(chunk, observation)
        timing = Timing(
            policy_ms=1e3 * (ended - begun),
            server_ms=1e3 * (ended - received),
            previous_total_ms=self._previous_total_ms,
        )
        self.num_answers += 1
        return pack(encode_chunk(chunk, timing))

    def mark_sent(self) -> None:
        """The reply is on its way: what the request took in all is told with the next one."""
        self._previous_total_ms = 1e3 * (self._clock.now() - self._received)

    def _require_usable(self, chunk: ActionChunk, observation: Observation) -> None:
        try:
            require_executable(chunk, self._info.robot)
            if chunk.observation_time != observation.time:
                raise MalformedMessage(
                    f"observation_time: expected that of the observation, {observation.time} s, "
                    f"found {chunk.observation_time} s"
                )
        except MalformedMessage as error:
            raise PolicyRefused(f"policy {self._info.policy} gave no usable action: {error}") from None

    @contextmanager
    def _policy_code(self) -> Iterator[None]:
        """Whatever a policy raises becomes an error whose words a stranger may read."""
        try:
            yield
        except (PolicyError, SpecError):
            raise
        except Exception as error:
            logger.exception("policy %s failed", self._info.policy)
            raise PolicyRefused(
                f"policy {self._info.policy} failed with {type(error).__name__}; the server's log says where"
            ) from error
