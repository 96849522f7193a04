"""A policy that lives in another process or on another machine."""

import logging
from collections.abc import Callable
from types import TracebackType
from typing import TypeVar

from clam_robot.errors import ConfigError, PolicyError, PolicyRefused, PolicyUnavailable, SpecError, SpecMismatch
from clam_robot.specs import RobotSpec
from clam_robot.timing import Clock, MonotonicClock
from clam_robot.types import ActionChunk, Observation
from policy_server.address import address_of
from policy_server.connection import Connection
from policy_server.own_key import own_key
from policy_server.packing import MalformedMessage, pack, unpack
from policy_server.policy_info import PolicyInfo
from policy_server.protocol import Timing, decode_chunk, decode_timing, encode_observation

T = TypeVar("T")

logger = logging.getLogger(__name__)


class RemotePolicy:
    """Asks a policy server, one request at a time.

    A connection that is refused or lost is tried again, `max_reconnects` times within a call, and the observation is
    sent anew; the server then begins a new episode, as its policy's history went with the connection. Silence ends a
    call at once. After a call that failed for want of a server the next ones try once, until a server answers: whoever
    calls at a rate of its own tries again by itself. So a call returns or raises within
    `connect_timeout_s + timeout_s` and the sum of the backoffs.

    Attributes:
        info: what the server says of its policy; None before the first connection.
        timing: where the time of the last answer went; None before the first.
        num_reconnects: connections opened after the first.
    """

    def __init__(
        self,
        url: str,
        *,
        model: str | None = None,
        timeout_s: float = 5.0,
        connect_timeout_s: float = 5.0,
        max_reconnects: int = 3,
        backoff_s: float = 0.1,
        max_backoff_s: float = 2.0,
        api_key: str | None = None,
        clock: Clock | None = None,
    ) -> None:
        """A policy that is not connected yet.

        Args:
            url: address of the server, "ws://127.0.0.1:8000".
            model: that is asked for; None for the server's default one.
            timeout_s: longest wait for an answer [s].
            connect_timeout_s: longest wait for a connection, first frame included [s].
            max_reconnects: attempts after the first within one call.
            backoff_s: wait before the first of them, doubled for each that follows [s].
            max_backoff_s: longest of these waits [s].
            api_key: for a server that wants one; by default the one that `own_key` finds.
            clock: what waiting is done with.

        Raises:
            ConfigError: the URL is none of a WebSocket, or the key's file cannot be read.
        """
        self._url = url
        self._address = address_of(url, model=model)
        self._timeout_s = timeout_s
        self._connect_timeout_s = connect_timeout_s
        self._max_reconnects = max_reconnects
        self._backoff_s = backoff_s
        self._max_backoff_s = max_backoff_s
        self._api_key = api_key or own_key()
        self._clock = clock or MonotonicClock()
        self._connection: Connection | None = None
        self._is_reset_due = False
        self._is_lost = False
        self.info: PolicyInfo | None = None
        self.timing: Timing | None = None
        self.num_reconnects = 0

    @property
    def spec(self) -> RobotSpec:
        """The robot the server's policy acts for.

        Raises:
            PolicyUnavailable: not connected yet.
        """
        return self._known_info().robot

    def connect(self) -> None:
        """Open the connection, where it is not open.

        Raises:
            PolicyUnavailable: no server, or a silent one.
            PolicyRefused: no policy server, one of another protocol version, or one for another robot than before.
        """
        self._with_reconnects(lambda _: None)

    def reset(self) -> None:
        """Begin a new episode: the next request tells the server."""
        self._is_reset_due = True

    def infer(self, observation: Observation) -> ActionChunk:
        """The server's answer, in fresh arrays.

        Raises:
            PolicyUnavailable: no server, or no answer in time.
            PolicyRefused: an answer, but an error; or an observation that does not fit the policy's robot.
        """
        if self.info is None:
            self.connect()
        frame = self._encode(observation)
        return self._with_reconnects(lambda connection: self._ask(connection, frame, observation.time))

    def close(self) -> None:
        """Close the connection; the next call opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def __enter__(self) -> "RemotePolicy":
        self.connect()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _with_reconnects(self, use: Callable[[Connection], T]) -> T:
        delay = self._backoff_s
        failure: OSError | None = None
        num_attempts = 1 if self._is_lost else 1 + self._max_reconnects
        for attempt in range(num_attempts):
            if attempt:
                level = logging.INFO if self.info is None else logging.WARNING  # the first attempts end in an error
                logger.log(level, "policy server %s: %s; again in %g s", self._url, failure, delay)
                self._clock.sleep_until(self._clock.now() + delay)
                delay = min(2 * delay, self._max_backoff_s)
            try:
                if self._connection is None:
                    self._connection = self._open()
                answer = use(self._connection)
                self._is_lost = False
                return answer
            except PolicyError:
                self.close()
                raise
            except OSError as error:
                self.close()
                failure = error
        self._is_lost = True
        raise PolicyUnavailable(
            f"policy server {self._url}: {failure}, in {num_attempts} attempt{'' if num_attempts == 1 else 's'}; "
            "see that it runs (clam serve) and that the address is right"
        ) from failure

    def _open(self) -> Connection:
        connection = Connection(
            self._address, connect_timeout=self._connect_timeout_s, timeout=self._timeout_s, api_key=self._api_key
        )
        try:
            info = PolicyInfo.from_metadata(unpack(connection.metadata), source="metadata")
            info.require_robot_of(self.info)
        except (ConfigError, SpecMismatch, MalformedMessage) as error:
            connection.close()
            raise PolicyRefused(f"policy server {self._url}: {error}") from error
        self.num_reconnects += self.info is not None
        self.info = info
        logger.info("policy server %s: connected to %s, for %s", self._url, info.policy, info.robot.name)
        return connection

    def _encode(self, observation: Observation) -> bytes:
        info = self._known_info()
        try:
            frame = pack(encode_observation(observation, info.robot, reset=self._is_reset_due))
        except SpecError as error:
            raise PolicyRefused(f"observation not sent to {self._url}: {error}") from error
        if len(frame) > info.max_frame_bytes:
            raise PolicyRefused(
                f"observation not sent to {self._url}: expected at most {info.max_frame_bytes} bytes, "
                f"found {len(frame)}; send smaller images, or start the server with a larger max_frame_bytes"
            )
        return frame

    def _ask(self, connection: Connection, frame: bytes, time: float) -> ActionChunk:
        try:
            reply = unpack(connection.exchange(frame))
            chunk = decode_chunk(reply, self.spec)
            timing = decode_timing(reply)
        except MalformedMessage as error:
            raise PolicyRefused(f"policy server {self._url}: {error}") from error
        if chunk.observation_time != time:
            raise PolicyUnavailable(
                f"policy server {self._url}: expected the answer to {time} s, found one to {chunk.observation_time} s"
            )
        self.timing = timing
        self._is_reset_due = False
        return chunk

    def _known_info(self) -> PolicyInfo:
        if self.info is None:
            raise PolicyUnavailable(f"policy server {self._url}: not connected; call connect() first")
        return self.info
