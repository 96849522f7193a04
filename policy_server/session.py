"""One robot's conversation with a model."""

from clam_robot.errors import PolicyRefused
from clam_robot.timing import Clock
from clam_robot.types import ActionChunk, Observation
from policy_server.batcher import Batcher
from policy_server.decoding import Decoders
from policy_server.models import Models
from policy_server.packing import MalformedMessage
from policy_server.policy_info import PolicyInfo
from policy_server.protocol import Request, Timing, require_executable
from policy_server.served_model import Seat


class Session:
    """Episodes of one robot, one request at a time; the transport around it knows sockets, this one does not.

    Args:
        models: what is served.
        name: the model that was asked for; None for the default one.
        batcher: infers.
        decoders: read requests.
        clock: measures.
        infer_timeout: longest an inference may take, waiting for others included [s].

    Attributes:
        num_answers: requests answered so far.

    Raises:
        Refused: no such model.
    """

    def __init__(
        self,
        models: Models,
        name: str | None,
        *,
        batcher: Batcher,
        decoders: Decoders,
        clock: Clock,
        infer_timeout: float,
    ) -> None:
        self._models = models
        self._seat = Seat(models.get(name))
        self._batcher = batcher
        self._decoders = decoders
        self._clock = clock
        self._infer_timeout = infer_timeout
        self._received = 0.0
        self._previous_total_ms: float | None = None
        self.num_answers = 0

    @property
    def info(self) -> PolicyInfo:
        """What the client is told of the model."""
        return self._seat.model.info

    def begin_episode(self) -> None:
        """Forget the episode so far; the model's newest version answers from now on."""
        self._seat = Seat(self._models.get(self._seat.model.name))

    async def read(self, frame: bytes) -> Request:
        """The request of a msgpack frame.

        Raises:
            MalformedMessage: it is not what the protocol says.
            SpecError: the observation does not fit the robot.
        """
        return await self._decoders.read(frame, self.info.robot)

    async def answer(self, observation: Observation, received: float) -> tuple[ActionChunk, Timing]:
        """What to do from an observation on.

        Args:
            received: when the request came [s].

        Raises:
            PolicyError: the policy cannot answer, or not in time.
        """
        self._received = received
        seat = self._seat
        answer = await self._batcher.infer(seat, observation, self._infer_timeout)
        self._require_usable(answer.chunk, observation)
        self.num_answers += 1
        timing = Timing(
            policy_ms=1e3 * (answer.ended - answer.begun),
            server_ms=1e3 * (answer.ended - received),
            previous_total_ms=self._previous_total_ms,
        )
        return answer.chunk, timing

    def mark_sent(self) -> float:
        """The answer is on its way: what the request took in all [s] is told with the next one."""
        seconds = self._clock.now() - self._received
        self._previous_total_ms = 1e3 * seconds
        return seconds

    def _require_usable(self, chunk: ActionChunk, observation: Observation) -> None:
        try:
            require_executable(chunk, self.info.robot)
            if chunk.observation_time != observation.time:
                raise MalformedMessage(
                    f"observation_time: expected that of the observation, {observation.time} s, "
                    f"found {chunk.observation_time} s"
                )
        except MalformedMessage as error:
            raise PolicyRefused(f"policy {self.info.policy} gave no usable action: {error}") from None
