"""The WebSocket conversation openpi clients hold: one request, one reply, in turn."""

import logging
from functools import partial

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
    try:
        await websocket.send_bytes(session.greet())
        while True:
            frame = await _receive(websocket)
            reply = await worker.run(partial(session.answer, frame, clock.now()), infer_timeout)
            await websocket.send_bytes(reply)
            session.mark_sent()
    except WebSocketDisconnect:
        logger.info("client left after %d answers", session.num_answers)
    except ClamRobotError as error:
        logger.warning("refused after %d answers: %s", session.num_answers, error)
        await _refuse(websocket, str(error))


async def _receive(websocket: WebSocket) -> bytes:
    message = await websocket.receive()
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
