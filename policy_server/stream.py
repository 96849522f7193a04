"""The streaming conversation: observations come as they come, the newest is answered, nothing waits in a queue."""

import asyncio
import logging
from collections import deque
from dataclasses import dataclass
from functools import partial

from fastapi import WebSocket

from clam_robot.errors import ClamRobotError
from clam_robot.specs import RobotSpec
from policy_server.packing import MalformedMessage, pack, unpack
from policy_server.policy_info import PROTOCOL_VERSION
from policy_server.rate_limit import TokenBucket
from policy_server.refusals import Refused, refused
from policy_server.service import PolicyService
from policy_server.session import Session
from policy_server.stream_protocol import (
    StreamReply,
    StreamRequest,
    decode_stream_request,
    encode_reply,
    encode_welcome,
    sequence_of,
)
from policy_server.websockets import admitted, close, frame_of, send

# Of frames that make no sense the first few are answered; who sends more is not listened to any better.
MAX_ERRORS_KEPT = 16

PROTOCOL_ERROR = 1002

logger = logging.getLogger(__name__)


async def stream(websocket: WebSocket, service: PolicyService) -> None:
    """Answer a client's newest observation, again and again, until it leaves."""
    async with admitted(websocket, service, "stream") as session:
        if session is None:
            return
        found = websocket.query_params.get("protocol", str(PROTOCOL_VERSION))
        if found != str(PROTOCOL_VERSION):
            words = f"protocol: expected {PROTOCOL_VERSION}, found {found[:20]!r}; use the same release on both sides"
            error = StreamReply(sequence=None, error=Refused("invalid_request", words))
            await send(websocket, pack(encode_reply(error)), service.config.send_timeout)
            await close(websocket, PROTOCOL_ERROR, service.config.send_timeout)
            return
        await send(websocket, pack(encode_welcome(session.info)), service.config.send_timeout)
        inbox = _Inbox()
        tasks = [
            asyncio.ensure_future(_receive(websocket, session, service, inbox)),
            asyncio.ensure_future(_answer(websocket, session, service, inbox)),
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
        await asyncio.wait(tasks)
        failures = [task.exception() for task in tasks if not task.cancelled()]  # all heard, as both may fail at once
        for failure in failures:
            if failure is not None:
                raise failure


@dataclass(frozen=True, kw_only=True)
class _Taken:
    """What there is to do: refusals to tell, an episode to begin, an observation to answer."""

    errors: tuple[StreamReply, ...]
    is_reset: bool
    episode: int
    request: StreamRequest | None
    received: float


class _Inbox:
    """The newest observation, and the refusals that are still to be told."""

    def __init__(self) -> None:
        self._request: StreamRequest | None = None
        self._received = 0.0
        self._errors: deque[StreamReply] = deque(maxlen=MAX_ERRORS_KEPT)
        self._is_reset = False
        self._something = asyncio.Event()
        self.num_skipped = 0
        self.episode = 0

    def put(self, request: StreamRequest, received: float) -> int:
        """Keep what came; how many observations it replaces."""
        num_replaced = 0 if self._request is None else 1
        self.num_skipped += num_replaced
        if request.reset:
            self._is_reset, self._request, self.num_skipped = True, None, 0
            self.episode += 1
        if request.observation is not None:
            self._request, self._received = request, received
        self._something.set()
        return num_replaced

    def refuse(self, reply: StreamReply) -> None:
        """Keep a refusal."""
        self._errors.append(reply)
        self._something.set()

    async def take(self) -> _Taken:
        """Wait until there is something to do, and take it all."""
        await self._something.wait()
        self._something.clear()
        taken = _Taken(
            errors=tuple(self._errors),
            is_reset=self._is_reset,
            episode=self.episode,
            request=self._request,
            received=self._received,
        )
        self._errors.clear()
        self._is_reset, self._request = False, None
        return taken


async def _receive(websocket: WebSocket, session: Session, service: PolicyService, inbox: _Inbox) -> None:
    bucket = TokenBucket(service.config.max_rate, service.clock)
    while True:
        message = await websocket.receive()
        received = service.clock.now()
        try:
            frame = frame_of(message)
        except MalformedMessage as error:
            inbox.refuse(_refusal(error, None, service))
            continue
        robot = session.info.robot
        sequence, request = await service.decoders.run(
            partial(_read, frame, robot), len(frame), is_compressed=bool(robot.cameras)
        )
        if isinstance(request, ClamRobotError):
            inbox.refuse(_refusal(request, sequence, service))
        else:
            service.metrics.count_skipped(inbox.put(request, received))
        if pause := bucket.take():
            await asyncio.sleep(pause)


def _read(frame: bytes, robot: RobotSpec) -> tuple[int | None, StreamRequest | ClamRobotError]:
    sequence = None
    try:
        content = unpack(frame)
        sequence = sequence_of(content)
        return sequence, decode_stream_request(content, robot)
    except ClamRobotError as error:
        return sequence, error


async def _answer(websocket: WebSocket, session: Session, service: PolicyService, inbox: _Inbox) -> None:
    timeout = service.config.send_timeout
    while True:
        taken = await inbox.take()
        for error in taken.errors:
            await send(websocket, pack(encode_reply(error)), timeout)
        if taken.is_reset:
            session.begin_episode()
        if taken.request is None or taken.request.observation is None:
            continue
        sequence = taken.request.sequence
        try:
            chunk, timing = await session.answer(taken.request.observation, taken.received)
            reply = StreamReply(sequence=sequence, chunk=chunk, timing=timing, skipped=inbox.num_skipped)
        except ClamRobotError as error:
            reply = _refusal(error, sequence, service)
        if inbox.episode != taken.episode:  # what was asked before an episode began is of no use in it
            continue
        await send(websocket, pack(encode_reply(reply)), timeout)
        if reply.chunk is not None:
            service.metrics.count_answer(session.info.model, "stream", session.mark_sent())


def _refusal(error: ClamRobotError, sequence: int | None, service: PolicyService) -> StreamReply:
    refusal = refused(error)
    service.metrics.count_reject(refusal.code)
    logger.info("refused: %s", refusal)
    return StreamReply(sequence=sequence, error=refusal)
