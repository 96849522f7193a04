"""The WebSocket conversation openpi clients hold: one request, one reply, in turn. A connection is an episode."""

import asyncio
import logging

from fastapi import WebSocket, WebSocketDisconnect

from clam_robot.errors import ClamRobotError
from policy_server.packing import MalformedMessage, pack
from policy_server.protocol import encode_chunk
from policy_server.rate_limit import TokenBucket
from policy_server.refusals import refused
from policy_server.service import PolicyService
from policy_server.session import Session
from policy_server.websockets import admitted, close, frame_of, send

INTERNAL_ERROR = 1011

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
    receiving = asyncio.ensure_future(websocket.receive())
    try:
        await send(websocket, pack(session.info.to_dict()), timeout)
        while True:
            frame = frame_of(await receiving)
            answering = asyncio.ensure_future(_answer(frame, session, service.clock.now()))
            # Listening goes on, so that nothing is inferred for a client that left while it waited its turn.
            receiving = asyncio.ensure_future(websocket.receive())
            await asyncio.wait({answering, receiving}, return_when=asyncio.FIRST_COMPLETED)
            if not answering.done():
                answering.cancel()
                frame_of(receiving.result())
                raise MalformedMessage("request: expected one at a time, found another before the answer to the first")
            await send(websocket, answering.result(), timeout)
            service.metrics.count_answer(session.info.model, "lock_step", session.mark_sent())
            if pause := bucket.take():
                await asyncio.sleep(pause)
    finally:
        receiving.cancel()


async def _answer(frame: bytes, session: Session, received: float) -> bytes:
    request = await session.read(frame)
    if request.reset:
        session.begin_episode()
    return pack(encode_chunk(*await session.answer(request.observation, received)))


async def _refuse(websocket: WebSocket, reason: str, timeout: float) -> None:
    try:
        await send(websocket, reason, timeout)
        await close(websocket, INTERNAL_ERROR, timeout)
    except WebSocketDisconnect:
        logger.info("client left before it was told")
