"""The WebSocket conversation openpi clients hold: one request, one reply, in turn. A connection is an episode."""

import asyncio
import logging
from collections.abc import Coroutine, Mapping
from typing import Any, TypeVar

from fastapi import WebSocket, WebSocketDisconnect

from clam_robot.errors import ClamRobotError
from policy_server.packing import MalformedMessage, pack
from policy_server.protocol import encode_chunk
from policy_server.rate_limit import TokenBucket
from policy_server.refusals import refused
from policy_server.service import PolicyService
from policy_server.session import Session
from policy_server.websockets import admitted, close, frame_of, send

T = TypeVar("T")

INTERNAL_ERROR = 1011
_QUICK = 0.01  # [s]

logger = logging.getLogger(__name__)


async def converse(websocket: WebSocket, service: PolicyService) -> None:
    """Answer a client until it leaves, or until it or the policy makes an error, which is named and ends it."""
    async with admitted(websocket, service, "lock_step") as session:
        if session is None:
            return
        try:
            await _take_turns(websocket, session, service)
        except ClamRobotError as error:
            logger.warning("refused after %d answers: %s", session.num_answers, error)
            service.metrics.count_reject(refused(error).code)
            await _refuse(websocket, str(error), service.config.send_timeout)


async def _take_turns(websocket: WebSocket, session: Session, service: PolicyService) -> None:
    timeout = service.config.send_timeout
    bucket = TokenBucket(service.config.max_rate, service.clock)
    await send(websocket, pack(session.info.to_dict()), timeout)
    ears = _Ears(websocket)
    try:
        while True:
            frame = frame_of(await ears.hear())
            received = service.clock.now()
            request = await session.read(frame)
            if request.reset:
                session.begin_episode()
            answer = await ears.unless_heard(session.answer(request.observation, received))
            await send(websocket, pack(encode_chunk(*answer)), timeout)
            service.metrics.count_answer(session.info.model, "lock_step", session.mark_sent())
            if pause := bucket.take():
                await asyncio.sleep(pause)
    finally:
        ears.close()


class _Ears:
    """Hears a client; also while it waits for an answer, so that nothing is inferred for one that left meanwhile.

    Listening on takes a task, which costs more than a quick inference: the first moment is done without.
    """

    def __init__(self, websocket: WebSocket) -> None:
        self._websocket = websocket
        self._listening: asyncio.Task[Any] | None = None
        self._waiting: asyncio.Task[Any] | None = None

    async def hear(self) -> Mapping[str, Any]:
        """The next message."""
        listening, self._listening = self._listening, None
        return await (self._websocket.receive() if listening is None else listening)

    async def unless_heard(self, answering: Coroutine[Any, Any, T]) -> T:
        """The result of what is done for the client.

        Raises:
            WebSocketDisconnect: it left first.
            MalformedMessage: it sent something else first.
        """
        self._waiting = task = asyncio.current_task()
        assert task is not None
        num_cancellations = task.cancelling()
        listens_on = asyncio.get_running_loop().call_later(_QUICK, self._listen)
        try:
            return await answering
        except asyncio.CancelledError:
            is_ours = self._waiting is None
            if not is_ours or task.uncancel() > num_cancellations:
                raise
        finally:
            self._waiting = None
            listens_on.cancel()
        frame_of(await self.hear())
        raise MalformedMessage("request: expected one at a time, found another before the answer to the first")

    def _listen(self) -> None:
        self._listening = asyncio.ensure_future(self._websocket.receive())
        self._listening.add_done_callback(self._interrupt)

    def _interrupt(self, _: asyncio.Task[Any]) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def close(self) -> None:
        """Hear no more."""
        if self._listening is not None:
            self._listening.cancel()


async def _refuse(websocket: WebSocket, reason: str, timeout: float) -> None:
    try:
        await send(websocket, reason, timeout)
        await close(websocket, INTERNAL_ERROR, timeout)
    except WebSocketDisconnect:
        logger.info("client left before it was told")
