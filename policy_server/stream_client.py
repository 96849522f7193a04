"""A policy on a server that is never waited for: observations go out as they come, chunks come in when they come."""

import asyncio
import logging
import ssl
import threading
from collections.abc import AsyncIterator
from concurrent.futures import Future
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from types import TracebackType

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from clam_robot.errors import ClamRobotError, ConfigError, PolicyRefused, PolicyUnavailable, SpecMismatch
from clam_robot.specs import RobotSpec
from clam_robot.timing import Clock, MonotonicClock
from clam_robot.types import ActionChunk, Observation
from policy_server.address import address_of
from policy_server.connection import CLOSE_TIMEOUT, MAX_REPLY_BYTES, authorization, explained
from policy_server.mailbox import Mailbox
from policy_server.own_key import own_key
from policy_server.packing import MalformedMessage, pack, unpack
from policy_server.policy_info import PROTOCOL_VERSION, PolicyInfo
from policy_server.refusals import Refused
from policy_server.stream_protocol import (
    PATH,
    StreamReply,
    StreamRequest,
    decode_reply,
    decode_welcome,
    encode_request,
)

logger = logging.getLogger(__name__)


class StreamPolicy:
    """An `AsyncPolicy` over the streaming protocol, in one thread of its own.

    A connection that is lost, or silent for longer than `timeout_s` while it owes an answer, is opened again, with
    growing pauses, for as long as it takes: the robot holds meanwhile, as nothing is due. The server then begins a new
    episode, as its policy's history went with the connection.

    Attributes:
        info: what the server says of its policy; None before the first connection.
        num_reconnects: connections opened after the first.
    """

    def __init__(
        self,
        url: str,
        *,
        model: str | None = None,
        jpeg_quality: int | None = None,
        timeout_s: float = 5.0,
        connect_timeout_s: float = 5.0,
        backoff_s: float = 0.1,
        max_backoff_s: float = 2.0,
        api_key: str | None = None,
        clock: Clock | None = None,
    ) -> None:
        """A policy that is not connected yet.

        Args:
            url: address of the server, "ws://127.0.0.1:8000".
            model: that is asked for; None for the server's default one.
            jpeg_quality: images are sent as JPEG of this quality [1 .. 100]; None sends them as they are.
            timeout_s: longest silence of a server that owes an answer [s].
            connect_timeout_s: longest wait for a connection, first frame included [s].
            backoff_s: wait before a connection is opened anew, doubled for each that fails [s].
            max_backoff_s: longest of these waits [s].
            api_key: for a server that wants one; by default the one that `own_key` finds.
            clock: measures.

        Raises:
            ConfigError: the URL is none of a WebSocket, or the quality none of a JPEG.
        """
        if jpeg_quality is not None and not 1 <= jpeg_quality <= 100:
            raise ConfigError(f"jpeg_quality: expected 1 to 100, found {jpeg_quality}")
        self._url = url
        self._address = address_of(url, path=PATH, model=model, protocol=str(PROTOCOL_VERSION))
        self._jpeg_quality = jpeg_quality
        self._timeout_s, self._connect_timeout_s = timeout_s, connect_timeout_s
        self._backoff_s, self._max_backoff_s = backoff_s, max_backoff_s
        self._api_key = api_key or own_key()
        self._clock = clock or MonotonicClock()
        self._mailbox = Mailbox()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._something = asyncio.Event()
        self._thread: threading.Thread | None = None
        self._running: asyncio.Task[None] | None = None
        self._opened: Future[None] = Future()
        self.info: PolicyInfo | None = None
        self.num_reconnects = 0

    @property
    def spec(self) -> RobotSpec:
        """The robot the server's policy acts for.

        Raises:
            PolicyUnavailable: not connected yet.
        """
        if self.info is None:
            raise PolicyUnavailable(f"policy server {self._url}: not connected; call connect() first")
        return self.info.robot

    @property
    def latency(self) -> float | None:
        """Of the last answer, from `submit` to its arrival [s]; None before the first."""
        return self._mailbox.latency

    @property
    def num_skipped(self) -> int:
        """Observations of this episode that no model saw, as newer ones had come."""
        return self._mailbox.num_skipped

    def connect(self) -> None:
        """Open the connection, and wait until it is open; later ones are opened in the background.

        Raises:
            PolicyUnavailable: no server, or a silent one.
            PolicyRefused: no policy server, or one that refuses this client.
        """
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="policy stream", daemon=True)
            self._thread.start()
        try:
            self._opened.result(self._connect_timeout_s + CLOSE_TIMEOUT + 1.0)
        except TimeoutError:
            self.close()
            raise PolicyUnavailable(f"policy server {self._url}: no answer; see that it runs (clam serve)") from None
        except ClamRobotError:
            self.close()
            raise

    def reset(self) -> None:
        """A new episode: the next observation tells the server."""
        self._mailbox.reset()

    def submit(self, observation: Observation) -> None:
        """Ask for actions from this observation on; at once.

        Raises:
            SpecError: the observation does not fit the policy's robot.
        """
        observation.validate(self.spec)
        self._mailbox.submit(observation, self._clock.now())
        self._wake()

    def poll(self) -> ActionChunk | None:
        """The newest answer that was not given out yet, at once; None while there is none.

        Raises:
            PolicyUnavailable: the connection was lost, or is silent; it is opened again by itself.
            PolicyRefused: an answer, but an error.
        """
        return self._mailbox.poll()

    def close(self) -> None:
        """Close the connection, for good."""
        thread, loop, running = self._thread, self._loop, self._running
        if thread is not None and loop is not None and running is not None:
            with suppress(RuntimeError):  # it ended meanwhile
                loop.call_soon_threadsafe(running.cancel)
            thread.join()

    def __enter__(self) -> "StreamPolicy":
        self.connect()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _wake(self) -> None:
        if self._loop is not None:
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._something.set)

    def _work(self) -> None:
        with asyncio.Runner() as runner, suppress(asyncio.CancelledError):
            self._loop = runner.get_loop()
            runner.run(self._run())

    async def _run(self) -> None:
        self._running = asyncio.current_task()
        pause = self._backoff_s
        while True:
            try:
                async with self._connection() as socket:
                    pause = self._backoff_s
                    await self._exchange(socket)
            except (ClamRobotError, OSError) as caught:
                error = caught if isinstance(caught, ClamRobotError) else self._unavailable(caught)
                if not self._opened.done():
                    self._opened.set_exception(error)
                    return
                self._mailbox.fail(error)
                logger.warning("%s; again in %g s", error, pause)
            await asyncio.sleep(pause)
            pause = min(2 * pause, self._max_backoff_s)

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[ClientConnection]:
        """An open connection that said what it serves."""
        try:
            socket = await connect(
                self._address,
                compression=None,
                max_size=MAX_REPLY_BYTES,
                open_timeout=self._connect_timeout_s,
                close_timeout=CLOSE_TIMEOUT,
                proxy=None,
                additional_headers=authorization(self._api_key),
            )
        except (WebSocketException, ssl.SSLError) as error:
            raise explained(error, self._url) from error
        try:
            async with asyncio.timeout(self._connect_timeout_s):
                self._meet(decode_welcome(unpack(await _frame(socket)), source="welcome"))
            yield socket
        except ConnectionClosed as closed:
            raise ConnectionResetError(f"the connection was closed ({closed})") from closed
        except (MalformedMessage, SpecMismatch) as error:
            raise PolicyRefused(f"policy server {self._url}: {error}") from error
        finally:
            await _close(socket)

    def _meet(self, info: PolicyInfo) -> None:
        info.require_robot_of(self.info)
        self.num_reconnects += self.info is not None
        self.info = info
        logger.info("policy server %s: streaming %s for %s", self._url, info.policy, info.robot.name)
        if not self._opened.done():
            self._opened.set_result(None)

    async def _exchange(self, socket: ClientConnection) -> None:
        """Send, receive and watch, until one of them fails."""
        tasks = [asyncio.ensure_future(each) for each in (self._send(socket), self._receive(socket), self._watch())]
        try:
            ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in ended:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _send(self, socket: ClientConnection) -> None:
        while True:
            await self._something.wait()
            self._something.clear()
            if (request := self._mailbox.take(self._clock.now())) is not None:
                for frame in self._frames(request):
                    await socket.send(frame)

    def _frames(self, request: StreamRequest) -> list[bytes]:
        """What is sent of a request; one that is larger than the server reads would end the connection."""
        frame = pack(encode_request(request, self.spec, jpeg_quality=self._jpeg_quality))
        limit = len(frame) if self.info is None else self.info.max_frame_bytes
        if len(frame) <= limit:
            return [frame]
        words = f"observation not sent: expected at most {limit} bytes, found {len(frame)}; send smaller images or JPEG"
        refusal = StreamReply(sequence=request.sequence, error=Refused("too_large", words))
        self._mailbox.put(refusal, self._clock.now())
        return [pack(encode_request(replace(request, observation=None), self.spec))] if request.reset else []

    async def _receive(self, socket: ClientConnection) -> None:
        while True:
            self._mailbox.put(decode_reply(unpack(await _frame(socket)), self.spec), self._clock.now())

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(self._timeout_s / 4)
            since = self._mailbox.owed_since()
            if since is not None and self._clock.now() - since > self._timeout_s:
                raise PolicyUnavailable(f"policy server {self._url}: no answer within {self._timeout_s:g} s")

    def _unavailable(self, error: OSError) -> PolicyUnavailable:
        words = str(error) or "no answer"
        return PolicyUnavailable(
            f"policy server {self._url}: {words}; see that it runs (clam serve) and that the address is right"
        )


async def _close(socket: ClientConnection) -> None:
    """Say goodbye; a server that does not read what was sent before is not waited for."""
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_TIMEOUT):
                await socket.close()
    finally:
        socket.transport.abort()


async def _frame(socket: ClientConnection) -> bytes:
    frame = await socket.recv()
    if isinstance(frame, str):
        raise MalformedMessage(f"expected a binary frame, found: {frame:.200}")
    return frame
