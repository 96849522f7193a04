"""The WebSocket conversation openpi clients hold: one request, one reply, in turn."""

import asyncio
import logging
from collections.abc import Mapping
from functools import partial
from typing import Any

from fastapi import WebSocket, WebSocketDisconnect

from clam_robot.errors import ClamRobotError
from clam_robot.timing import Clock
from policy_server.packing import MalformedMessage
from policy_server.session import Session
from policy_server.worker import InferenceWorker

INTERNAL_ERROR = 1011

logger = logging.getLogger(__name__)


async def converse(
    websocket: WebSocket, session: Session, worker: InferenceWorker, clock: Clock, infer_timeout: float
) -> None:
    """Answer a client until it leaves, or until it or the policy makes an error, which is named and ends it.

    Args:
        infer_timeout: longest a request may take [s].
    """
    await websocket.accept()
    receiving = asyncio.ensure_future(websocket.receive())
    try:
        await websocket.send_bytes(session.greet())
        while True:
            call = partial(session.answer, _frame(await receiving), clock.now())
            answering = asyncio.ensure_future(worker.run(call, infer_timeout))
            # Listening goes on, so that nothing is inferred for a client that left while it waited its turn.
            receiving = asyncio.ensure_future(websocket.receive())
            await asyncio.wait({answering, receiving}, return_when=asyncio.FIRST_COMPLETED)
            if not answering.done():
                answering.cancel()
                _frame(receiving.result())
                raise MalformedMessage("request: expected one at a time, found another before the answer to the first")
            await websocket.send_bytes(answering.result())
            session.mark_sent()
    except WebSocketDisconnect:
        logger.info("client left after %d answers", session.num_answers)
    except ClamRobotError as error:
        logger.warning("refused after %d answers: %s", session.num_answers, error)
        await _refuse(websocket, str(error))
    finally:
        receiving.cancel()


def _frame(message: Mapping[str, Any]) -> bytes:
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message["code"])
    frame = message.get("bytes")
    if frame is None:
        raise MalformedMessage("request: expected a binary frame with a msgpack dictionary, found a text frame")
    return frame


async def _refuse(websocket: WebSocket, reason: str) -> None:
    try:
        await websocket.send_text(reason)
        await websocket.close(INTERNAL_ERROR)
    except WebSocketDisconnect:
        logger.info("client left before it was told")
